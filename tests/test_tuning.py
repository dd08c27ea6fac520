"""Songs that are not at A = 440 Hz: what is heard in them, what is played to them, and what is left
alone.
"""

import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from bassnb.accompanist import Accompanist
from bassnb.audio import SAMPLE_RATE, read_blocks, write_audio
from bassnb.checkpoints import System, save_pretrained
from bassnb.cli import app
from bassnb.errors import BassnbError
from bassnb.pitch import track_pitch
from bassnb.presets import SMOKE
from bassnb.tracks import Track
from bassnb.tuning import (
    EXCERPT,
    EXCERPTS,
    SURE,
    Tuning,
    estimate,
    excerpts,
    given_cents,
    tuning_of,
)

pytestmark = [pytest.mark.kind("tuning"), pytest.mark.slow]
CHORDS = ((60, 64, 67), (57, 60, 64), (65, 69, 72), (55, 59, 62))  # C, Am, F, G


def tone(midi, samples, cents, vibrato=0.0, decay=0.4):
    """Five overtones of a note (samples,), `cents` above 440 Hz, with a vibrato of +- `vibrato`
    cents.
    """
    t = np.arange(samples) / SAMPLE_RATE
    bend = (cents + vibrato * np.sin(2 * np.pi * 5.5 * t)) / 1200
    phase = 2 * np.pi * np.cumsum(440 * 2 ** ((midi - 69) / 12 + bend)) / SAMPLE_RATE
    return (
        sum(np.sin(h * phase) / h for h in range(1, 6))
        * np.minimum(1, t / 0.01)
        * np.exp(-decay * t)
    )


def drums(samples, seed=0):
    """A kick that glides downwards, a snare with a tone, and a hi-hat (samples,)."""
    rng, t = np.random.default_rng(seed), np.arange(SAMPLE_RATE) / SAMPLE_RATE
    kick = np.sin(2 * np.pi * (50 * t + 0.75 * (1 - np.exp(-40 * t)))) * np.exp(-14 * t)
    hat = np.diff(rng.standard_normal(SAMPLE_RATE), prepend=0) * np.exp(-60 * t)
    snare = (0.5 * np.sin(2 * np.pi * 187 * t) + 0.5 * rng.standard_normal(SAMPLE_RATE)) * np.exp(
        -20 * t
    )
    wave = np.zeros(samples + SAMPLE_RATE)
    for beat, start in enumerate(range(0, samples, SAMPLE_RATE // 2)):
        wave[start : start + SAMPLE_RATE] += 0.1 * hat + 0.4 * (snare if beat % 2 else kick)
    return wave[:samples]


def song(cents=0.0, seconds=8.0, *, beat=0.5, melody=0.0, vibrato=0.0):
    """Chords, a melody with vibrato and drums, Tensor (2, N), `cents` above 440 Hz; `beat` and
    `melody` are levels.
    """
    samples = round(seconds * SAMPLE_RATE)
    wave = beat * drums(samples)
    for number, start in enumerate(range(0, samples, 2 * SAMPLE_RATE)):
        length = min(2 * SAMPLE_RATE, samples - start)
        chord = CHORDS[number % 4]
        wave[start : start + length] += 0.06 * sum(tone(note, length, cents) for note in chord)
        wave[start : start + length] += melody * tone(
            chord[number % 3] + 12, length, cents, vibrato, decay=0
        )
    return torch.from_numpy(np.stack([wave, wave])).float()


def track(wave):
    return Track.of(lambda: [wave])


def away(cents, other):
    """Absolute distance in cents on the circle of a semitone."""
    return abs((cents - other + 50) % 100 - 50)


@pytest.fixture(scope="module")
def accompanist():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        system = System(SMOKE)
        with torch.no_grad():
            for parameter in system.parameters():
                parameter.add_(0.02 * torch.randn(parameter.shape))
    return Accompanist(system.requires_grad_(False), name="random")


@pytest.fixture(scope="module")
def model(accompanist, tmp_path_factory):
    return str(save_pretrained(accompanist.system, tmp_path_factory.mktemp("model")))


# -- what is heard ---------------------------------------------------------------------------------


@pytest.mark.parametrize("cents", [-50, -44, -37, -29, -18, -12, 12, 15, 23, 34, 46, 50])
@pytest.mark.parametrize("beat", [0.0, 1.0], ids=["chords alone", "with drums"])
def test_songs_away_from_440_are_heard_as_such(cents, beat):
    tuning = tuning_of(track(song(cents, beat=beat)))
    assert tuning.source == "estimated" and away(tuning.cents, cents) <= 3
    assert -50 <= tuning.cents < 50


def changed(name):
    """A song at -44 cents, as somebody may have it."""
    wave = song(-44)
    silence = torch.zeros(2, 5 * SAMPLE_RATE)
    left, t = torch.tensor([[1.0], [0.0]]), torch.arange(wave.shape[-1])
    return {
        "3 s long": lambda: song(-44, 3.0),
        "1 s long": lambda: song(-44, 1.0),
        "quiet": lambda: 0.003 * wave,
        "far too loud": lambda: 1e20 * wave,
        "clipped": lambda: (8 * wave).clamp(-1, 1),
        "one channel": lambda: wave * left,
        "opposite channels": lambda: wave * torch.tensor([[1.0], [-1.0]]),
        "an offset": lambda: wave + 0.2,
        "silence before": lambda: torch.cat([silence, wave], -1),
        "silence around": lambda: torch.cat([silence, wave, silence], -1),
        "hum and hiss": lambda: (
            wave
            + 0.01 * torch.sin(t * 2 * torch.pi * 50 / SAMPLE_RATE)
            + 0.005 * torch.randn(wave.shape, generator=torch.Generator().manual_seed(0))
        ),
        "a melody with vibrato": lambda: song(-44, melody=0.06, vibrato=35),
        "loud drums": lambda: song(-44, beat=2.0),
    }[name]()


CHANGED = [
    "3 s long",
    "1 s long",
    "quiet",
    "far too loud",
    "clipped",
    "one channel",
    "opposite channels",
    "an offset",
    "silence before",
    "silence around",
    "hum and hiss",
    "a melody with vibrato",
    "loud drums",
]


@pytest.mark.parametrize("name", CHANGED)
def test_a_flat_song_is_heard_whatever_was_done_to_it(name):
    tuning = tuning_of(track(changed(name)))
    assert tuning.source == "estimated" and away(tuning.cents, -44) <= 4


def without_pitch(name):
    generator, t = torch.Generator().manual_seed(0), np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE
    noise = 0.1 * torch.randn(2, 6 * SAMPLE_RATE, generator=generator)
    tom = np.tile(np.sin(2 * np.pi * 262.5 * t[:SAMPLE_RATE]) * np.exp(-8 * t[:SAMPLE_RATE]), 6)
    return {
        "drums": lambda: torch.from_numpy(np.stack(2 * [drums(6 * SAMPLE_RATE)])).float(),
        "white noise": lambda: noise,
        "brown noise": lambda: noise.cumsum(-1) / 100,
        "a click": lambda: torch.eye(2, 6 * SAMPLE_RATE),
        "one sample": lambda: torch.ones(2, 1),
        "a constant": lambda: torch.ones(2, 9000),
        "a tom and drums": lambda: torch.from_numpy(
            np.stack(2 * [drums(6 * SAMPLE_RATE) + 0.3 * tom])
        ).float(),
        "a siren": lambda: torch.from_numpy(
            np.stack(2 * [np.sin(2 * np.pi * 700 * t + 400 * np.sin(t))])
        ).float(),
        "a low hum": lambda: torch.from_numpy(np.stack(2 * [np.sin(2 * np.pi * 50 * t)])).float(),
    }[name]()


UNSURE = [
    "drums",
    "white noise",
    "brown noise",
    "a click",
    "one sample",
    "a constant",
    "a tom and drums",
    "a siren",
    "a low hum",
]


@pytest.mark.evidence("without-clear-pitches-440-kept")
@pytest.mark.parametrize("name", UNSURE)
def test_without_clear_pitches_440_is_kept(name):
    assert tuning_of(track(without_pitch(name))) == Tuning(0.0, "unsure")


@pytest.mark.parametrize("seed", range(12))
def test_percussion_at_random_pitches_does_not_agree(seed):
    rng, t = np.random.default_rng(seed), np.arange(SAMPLE_RATE) / SAMPLE_RATE
    wave = np.zeros(8 * SAMPLE_RATE)
    for period in rng.choice([0.25, 0.5, 1.0], size=3):
        partials = np.exp(rng.uniform(np.log(150), np.log(3000), 5))
        struck = sum(np.sin(2 * np.pi * hertz * t) for hertz in partials) * np.exp(
            -rng.uniform(2, 20) * t
        )
        for start in range(0, 7 * SAMPLE_RATE, round(period * SAMPLE_RATE)):
            wave[start : start + SAMPLE_RATE] += 0.05 * struck
    assert estimate([torch.from_numpy(np.stack([wave, wave])).float()])[1] < SURE


def test_silence_has_no_tuning():
    assert estimate([]) == estimate([torch.zeros(2, 9000)]) == (0.0, 0.0)


@pytest.mark.parametrize("cents", [-7, -3, 0, 4, 7])
def test_a_song_in_tune_is_left_alone(cents):
    heard = track(song(cents))
    tuning = tuning_of(heard)
    assert tuning == Tuning(0.0, "in tune")
    blocks = iter([])
    assert tuning.to_440(heard) is heard and tuning.from_440(blocks, heard.length) is blocks


@pytest.mark.parametrize("frames", [997, 44_100, 10**6])
def test_blocks_do_not_change_what_is_heard(frames, tmp_path):
    path = write_audio(tmp_path / "mix.wav", song(23, 10.0))
    whole, parts = (
        Track.of(lambda frames=frames: read_blocks(path, frames=frames))
        for frames in (2**20, frames)
    )
    for one, other in zip(excerpts(whole), excerpts(parts), strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    assert tuning_of(whole) == tuning_of(parts)


def test_a_long_song_is_heard_in_few_excerpts_from_all_of_it():
    """Twenty minutes, silent but for 20 s in 4 min: what is kept does not grow with the length."""
    flat, silence = song(-30, 10.0), torch.zeros(2, 10 * SAMPLE_RATE)
    heard = Track.of(lambda: (flat if number % 24 < 2 else silence for number in range(120)))
    kept = excerpts(heard)
    assert len(kept) == EXCERPTS and all(piece.shape == (2, EXCERPT) for piece in kept)
    assert 5 <= sum(bool(piece.any()) for piece in kept) <= 10
    assert tuning_of(heard) == Tuning(-30.0, "estimated")


# -- what is played --------------------------------------------------------------------------------


@pytest.mark.parametrize("tuning", [-200, -44, -10.5, 15, 50, 415, 466.2])
@pytest.mark.parametrize("samples", [1, 2, 4095, 4097, 66_151])
def test_the_bass_is_exactly_as_long_as_the_mix(tuning, samples, accompanist):
    take = accompanist(
        0.1 * torch.cos(torch.arange(samples) / 10).expand(2, -1), steps=1, tuning=tuning
    )
    assert take.audio.shape == (2, samples) and take.audio.isfinite().all()
    ratio = 2 ** (given_cents(tuning) / 1200)
    assert take.latents.shape[-1] == pytest.approx(-(-samples * ratio // 4096), abs=1)


@pytest.mark.parametrize("cents", [-101.27, -50, -44, -8.3, 15, 33.3, 50])
def test_there_and_back_nothing_moves(cents):
    """Bursts in silence: each comes back at its place, the last one as well as the first."""
    length, tuning = 60 * SAMPLE_RATE, Tuning(cents, "given")
    wave, burst = torch.zeros(2, length), torch.hann_window(400)
    for start in range(0, length - 400, 5 * SAMPLE_RATE + 1):
        wave[:, start : start + 400] += burst
    there = tuning.to_440(Track.of(lambda: wave.split(77_777, -1)))
    assert (
        there.length
        == -(-length * tuning.rate // SAMPLE_RATE)
        == sum(block.shape[-1] for block in there.blocks())
    )
    back = torch.cat(list(tuning.from_440(there.blocks(), length)), -1)
    assert back.shape == wave.shape and (back - wave).abs().max() < 0.01


@pytest.mark.parametrize("cents", [-44, 30])
def test_the_mix_is_heard_at_440(cents):
    flat = track(song(cents))
    heard = Tuning(cents, "given").to_440(flat)
    assert abs(estimate(excerpts(heard))[0]) <= 2 and heard.level == pytest.approx(
        flat.level, rel=0.01
    )


def test_a_song_in_tune_gets_the_same_bass_to_the_bit(accompanist):
    mix = song(3, 2.0)
    takes = [accompanist(mix, steps=2, tuning=tuning) for tuning in ("auto", 440, 0, "440.0")]
    assert all(torch.equal(take.audio, takes[0].audio) for take in takes)
    assert [take.settings["tuning_source"] for take in takes] == [
        "in tune",
        "given",
        "given",
        "given",
    ]
    assert {take.settings["tuning"] for take in takes} == {0.0}


def test_what_was_heard_is_recorded_and_plays_the_same_again(accompanist, tmp_path):
    mix = write_audio(tmp_path / "mix.wav", song(-44, 3.0))
    paths = accompanist.accompany_file(
        mix, tmp_path / "bass.wav", steps=2, with_mix=tmp_path / "both.wav", variations=2
    )
    settings = json.loads((tmp_path / "bass-2.json").read_text())
    assert away(settings["tuning"], -44) <= 3 and settings["tuning_source"] == "estimated"
    accompanist.accompany_file(
        mix, tmp_path / "again.wav", steps=2, seed=settings["seed"], tuning=settings["tuning"]
    )
    assert (tmp_path / "again.wav").read_bytes() == (tmp_path / "bass-2.wav").read_bytes() and len(
        paths
    ) == 4
    again = json.loads((tmp_path / "again.json").read_text())
    assert (
        set(settings.pop("bassnb_files")) == {"bass-2.wav", "bass-2.latents", "both-2.wav"}
        and settings.pop("mix_gain_db") == 0
    )
    assert again.pop("bassnb_files") and again == {**settings, "tuning_source": "given"}
    take = accompanist(mix, steps=2, seed=settings["seed"])
    assert take.settings == settings
    written = torch.cat(list(read_blocks(tmp_path / "bass-2.wav")), -1)
    assert torch.allclose(written, take.audio, atol=1e-4)


@pytest.mark.evidence("bass-tune-mix")
@pytest.mark.parametrize("cents", [-44, 40])
def test_the_bass_is_in_tune_with_the_mix(cents):
    """The shipped model, whose decoder is some 10 cents flat: as far from the mix as it is where
    the song is at 440 Hz.
    """
    player = Accompanist.from_pretrained("classroom", device="cpu")
    options = {"sampler": "dpm++", "steps": 6, "seed": 1}
    own = bass_tuning(player(song(0), **options).audio)
    follows, stays = (
        bass_tuning(player(song(cents), tuning=tuning, **options).audio) for tuning in ("auto", 440)
    )
    assert away(follows, cents + own) <= 10 and away(follows, cents) < 20 < away(stays, cents)


def bass_tuning(wave):
    """Cents above 440 Hz: the direction of the mean of all voiced frames on the circle of a
    semitone, by their energy.
    """
    _, midi = track_pitch(wave)
    energy = (
        torch.nn.functional.pad(wave.square().mean(0), (512, 1024))
        .unfold(0, 1024, 1024)
        .mean(-1)
        .numpy()[: len(midi)]
    )
    voiced = ~np.isnan(midi)
    return np.angle((energy[voiced] * np.exp(2j * np.pi * midi[voiced])).sum()) / (2 * np.pi) * 100


# -- what is given ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given, cents",
    [
        ("auto", None),
        (440, 0),
        ("440", 0),
        (432, -31.77),
        ("432", -31.77),
        (415.3, -100.02),
        (466.16, 99.99),
        (400, -165.0),
        (480, 150.64),
        (-44, -44),
        ("-44", -44),
        ("+15", 15),
        (0, 0),
        ("0.5", 0.5),
        (-200, -200),
        (200, 200),
        (np.float32(-12.5), -12.5),
        (np.int64(440), 0),
    ],
)
def test_a_number_is_hertz_or_cents_by_its_size(given, cents):
    assert given_cents(given) == (None if cents is None else pytest.approx(cents, abs=0.011))


REFUSED = [
    "",
    "A",
    "AUTO",
    "-44c",
    "440Hz",
    "nan",
    "inf",
    "-inf",
    "399.9",
    "480.1",
    "200.1",
    "-200.1",
    "880",
    "1e9",
    "4 40",
    "0x10",
]


@pytest.mark.parametrize("value", REFUSED)
def test_anything_else_is_refused_on_the_command_line(value, model, tmp_path):
    mix = write_audio(tmp_path / "mix.wav", song(0, 1.0))
    words = [
        "accompany",
        str(mix),
        "--out",
        str(tmp_path / "bass.wav"),
        "--model",
        model,
        "--steps",
        "1",
        "--tuning",
        value,
    ]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2 and result.stdout == "", result.output
    assert (
        len(result.stderr.strip().splitlines()) == 1
        and "tuning" in result.stderr
        and repr(value) in result.stderr
    )
    assert [path.name for path in tmp_path.iterdir()] == ["mix.wav"]


@pytest.mark.parametrize(
    "value",
    [None, True, [440], {}, b"440", torch.tensor(440.0), 10**400, 300, float("nan")],
    ids=repr,
)
def test_anything_else_is_refused_in_python(value, accompanist, tmp_path):
    with pytest.raises(BassnbError, match="tuning is .* auto"):
        accompanist(torch.ones(2, 5000), tuning=value)
    with pytest.raises(BassnbError, match="tuning is .* auto"):
        accompanist.accompany_file("missing.wav", tmp_path / "bass.wav", tuning=value)


@pytest.mark.parametrize("value, cents", [("auto", -44), ("440", 0), ("-44", -44), ("432", -31.77)])
def test_the_command_takes_a_tuning(value, cents, model, tmp_path):
    mix = write_audio(tmp_path / "mix.wav", song(-44, 2.0))
    words = [
        "accompany",
        str(mix),
        "--out",
        str(tmp_path / "bass.flac"),
        "--model",
        model,
        "--steps",
        "1",
        "--tuning",
        value,
    ]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert json.loads((tmp_path / "bass.json").read_text())["tuning"] == pytest.approx(
        cents, abs=3 if value == "auto" else 0
    )
