"""Playing parts of a take again: from memory, from files, at any tuning, continued, and refused."""

import json

import pytest
import torch
from typer.testing import CliRunner

from bassnb.accompanist import Accompanist
from bassnb.audio import read_audio, write_audio
from bassnb.checkpoints import System, save_pretrained
from bassnb.cli import app
from bassnb.control.latents_file import TakeLatents
from bassnb.control.regions import Region, steps_again
from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE, SMOKE, TIME_RATIO
from tests.refusals import assert_sentence

SAMPLES, QUICK = 60 * TIME_RATIO - 1000, {"steps": 3, "guidance": 2.0, "tuning": 0}
REGION, BOUNDS = "2.0-2.8", (2.0, 2.8)


def again(steps=60, rate=SAMPLE_RATE):
    return steps_again([Region(*BOUNDS)], steps, rate, SAMPLES / SAMPLE_RATE)


def untouched(accompanist, samples=SAMPLES):
    """Samples that the decoder cannot change."""
    reach, (first, *_, last) = accompanist.system.bass_autoencoder.decoder_reach, again().nonzero()
    outside = torch.ones(samples, dtype=torch.bool)
    outside[max(int(first) - reach, 0) * TIME_RATIO : (int(last) + 1 + reach) * TIME_RATIO] = False
    assert outside.float().mean() > 0.3
    return outside


@pytest.fixture(scope="module")
def first(accompanist, noise):
    return accompanist(noise(SAMPLES), seed=1, **QUICK)


def test_the_rest_is_kept_bit_for_bit_and_the_region_is_new(accompanist, noise, first):
    new = accompanist(noise(SAMPLES), keep=first, region=REGION, seed=2, **QUICK)
    outside, region = untouched(accompanist), again()
    assert torch.equal(new.latents[:, ~region], first.latents[:, ~region])
    assert torch.equal(new.audio[:, outside], first.audio[:, outside])
    assert (new.latents - first.latents)[:, region].square().mean() > 1e-3
    other = accompanist(noise(SAMPLES), keep=first, region=[REGION], seed=3, **QUICK)
    assert not torch.equal(other.latents[:, region], new.latents[:, region])
    assert new.settings["region"] == REGION and other.settings["region"] == [REGION]
    assert new.settings["keep"] == "take"
    json.dumps(other.settings)


@pytest.mark.parametrize("sampler", ["ddim", "dpm++"])
@pytest.mark.parametrize(
    "guided", [{"phi": 0.7}, {"style": torch.ones(9000) * 0.1, "strength": 1.5}]
)
def test_guidance_and_style_leave_what_is_kept(accompanist, noise, first, sampler, guided):
    options = {**QUICK, "sampler": sampler, **guided}
    if "style" in guided:
        options["style"] = noise(9000, 5)
    new = accompanist(noise(SAMPLES), keep=first, region=REGION, seed=2, **options)
    assert torch.equal(new.latents[:, ~again()], first.latents[:, ~again()])


def test_from_files_with_their_latents_or_encoded_once_edited(accompanist, noise, first, tmp_path):
    mix = write_audio(tmp_path / "mix.wav", noise(SAMPLES))
    kept, options = first.save(tmp_path / "first.flac"), {**QUICK, "region": REGION, "seed": 2}
    for keep in (kept, kept.with_suffix(".latents")):
        (out,) = accompanist.accompany_file(mix, tmp_path / "new.flac", keep=keep, **options)
        assert out.with_suffix(".latents").is_file()
        stored = accompanist(mix, keep=keep, **options)
        assert torch.equal(stored.latents[:, ~again()], first.latents[:, ~again()])
        assert torch.allclose(read_audio(out), stored.audio, atol=1e-6)
    outside = untouched(accompanist)
    new = accompanist(mix, keep=kept, **options)
    assert torch.equal(new.audio[:, outside], read_audio(kept)[:, outside])
    # another gain: other audio than was written
    edited = write_audio(kept, 0.9 * read_audio(kept))
    new = accompanist(mix, keep=edited, **options)
    assert not torch.equal(new.latents[:, ~again()], first.latents[:, ~again()])
    assert torch.equal(new.audio[:, outside], read_audio(edited)[:, outside])


def test_an_input_is_never_replaced(accompanist, noise, first, tmp_path):
    mix, kept = write_audio(tmp_path / "mix.wav", noise(SAMPLES)), first.save(tmp_path / "a.wav")
    for keep in (kept, kept.with_suffix(".latents")):
        with pytest.raises(BassnbError, match="input"):
            accompanist.accompany_file(mix, kept, keep=keep, region=REGION, force=True, **QUICK)
    new = accompanist(mix, keep=kept, region=REGION, **QUICK)
    with pytest.raises(BassnbError, match="input"):
        new.save(kept, force=True)


def test_a_shorter_take_is_continued(accompanist, noise):
    mix, cut = noise(SAMPLES), 31 * TIME_RATIO + 500
    short = accompanist(mix[:, :cut], seed=1, **QUICK)
    long = accompanist(mix, keep=short, seed=2, **QUICK)
    assert torch.equal(long.latents[:, :31], short.latents[:, :31])
    assert long.audio.shape == mix.shape and long.audio[:, cut:].abs().mean() > 1e-4
    reach = accompanist.system.bass_autoencoder.decoder_reach
    same = (31 - reach) * TIME_RATIO
    assert same > 0 and torch.equal(long.audio[:, :same], short.audio[:, :same])


def test_another_tuning(accompanist, noise):
    options = {**QUICK, "tuning": 432}
    first = accompanist(noise(SAMPLES), seed=1, **options)
    new = accompanist(
        noise(SAMPLES), keep=first, region=REGION, seed=2, **{**QUICK, "tuning": "auto"}
    )
    steps = first.latents.shape[-1]
    region = again(steps, SAMPLE_RATE * 2 ** (first.settings["tuning"] / 1200))
    assert steps < 60 and new.settings["tuning"] == first.settings["tuning"]
    assert torch.equal(new.latents[:, ~region], first.latents[:, ~region])
    assert torch.equal(new.audio[:, : 8 * TIME_RATIO], first.audio[:, : 8 * TIME_RATIO])
    assert not torch.equal(new.audio, first.audio)
    with pytest.raises(BassnbError, match="cents"):
        accompanist(noise(SAMPLES), keep=first, region=REGION, **QUICK)


def test_a_song_in_windows(accompanist, noise, first, monkeypatch):
    monkeypatch.setattr(
        "bassnb.windows.windowed.__kwdefaults__", {"whole": 30, "window": 24, "overlap": 8}
    )
    new = accompanist(noise(SAMPLES), keep=first, region=REGION, seed=2, **QUICK)
    assert torch.equal(new.latents[:, ~again()], first.latents[:, ~again()])


def test_refusals_are_sentences(accompanist, noise, first, tmp_path):
    mix = noise(SAMPLES)
    silent = write_audio(tmp_path / "silent.wav", torch.zeros(2, SAMPLES))
    for options, named in (
        ({"region": REGION}, "keep"),
        ({"keep": first}, "no region"),
        ({"keep": first, "region": "4-1"}, "4-1"),
        ({"keep": first, "region": "50-60"}, "50"),
        ({"keep": tmp_path / "none.wav", "region": REGION}, "none.wav"),
        ({"keep": tmp_path / "none.latents", "region": REGION}, "none.latents"),
        ({"keep": silent, "region": REGION}, "silent"),
        ({"keep": first, "loop": True}, "loop"),
        ({"keep": first, "region": "bars 900-901", "tempo": 100}, "bar"),
    ):
        with pytest.raises(BassnbError) as error:
            accompanist(mix, **options, **QUICK)
        assert_sentence(error.value, named)
    with pytest.raises(BassnbError, match="longer than the mix"):
        accompanist(mix[:, :-5000], keep=first, region=REGION, **QUICK)
    torch.manual_seed(1)
    stranger = Accompanist(System(SMOKE).requires_grad_(False))
    with pytest.raises(BassnbError, match="another model"):
        stranger(mix, keep=first, region=REGION, **QUICK)


# -- the command -----------------------------------------------------------------------------------


def test_the_command_plays_regions_again_and_refuses_with_status_2_and_no_file(
    accompanist, noise, tmp_path
):
    model = save_pretrained(accompanist.system, tmp_path / "model")
    mix = write_audio(tmp_path / "mix.wav", noise(SAMPLES))
    always = [
        "accompany",
        mix,
        "--model",
        model,
        "--device",
        "cpu",
        "--steps",
        "2",
        "--tuning",
        "0",
    ]

    def run(*words, out="new.wav"):
        words = [*always, "--out", tmp_path / out, *words]
        return CliRunner().invoke(app, [str(word) for word in words])

    assert run(out="first.wav").exit_code == 0
    before = sorted(path.name for path in tmp_path.iterdir())
    assert "first.latents" in before
    keep = ["--keep", tmp_path / "first.wav"]
    (tmp_path / "not.mid").write_text("hello")
    for words, named in (
        ([*keep, "--region", "4-1"], "4-1"),
        ([*keep, "--region", "1-2", "--region", "x"], "'x'"),
        ([*keep, "--region", "100-200"], "100"),
        ([*keep], "region"),
        (["--region", "1-2"], "keep"),
        (["--keep", tmp_path / "none.wav", "--region", "1-2"], "none.wav"),
        (["--line", tmp_path / "not.mid"], "not.mid"),
        (["--freedom", "0.5"], "line"),
        (["--line", mix, "--freedom", "2"], "freedom"),
    ):
        result = run(*words)
        assert result.exit_code == 2, (words, result.output)
        assert_sentence(result.output, named)
        assert not list(tmp_path.glob("new*"))
    done = run(*keep, "--region", "1-1.5", "--region", "bars 2-2", "--tempo", "100", "--seed", "4")
    assert done.exit_code == 0, done.output
    first, new = (TakeLatents.read(tmp_path / f"{name}.latents") for name in ("first", "new"))
    changed = (first.latents != new.latents).any(0).nonzero().flatten().tolist()
    seconds = SAMPLE_RATE / TIME_RATIO
    assert changed[0] == int(seconds) and changed[-1] == int(4.8 * seconds) - 1
    settings = json.loads((tmp_path / "new.json").read_text())
    assert settings["region"] == ["1-1.5", "bars 2-2"] and settings["keep"].endswith("first.wav")
