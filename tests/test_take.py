"""A take and its files: nothing clips, the gains are recorded, and settings lie beside the sound."""

import json
from pathlib import Path

import pytest
import torch

from bassnb.audio import read_audio
from bassnb.errors import AudioError, BassnbError
from bassnb.take import Accompaniment, check_takes, decibels, numbered, several, write_take
from bassnb.tracks import Spool, Track

MIX = torch.full((2, 3000), 0.5)


def take(level, gain_db=0.0):
    facts = {"mix": None, "seed": 3, "gain_db": gain_db}
    return Accompaniment(torch.full((2, 3000), level), MIX, torch.zeros(32, 1), facts)


def test_the_bass_lies_in_the_mix_as_loud_as_it_was_played():
    """A bass that was turned down by 6 dB for its own file is turned up again beside the mix."""
    plain, turned_down = take(0.2), take(0.1, gain_db=decibels(0.5))
    assert torch.allclose(plain.mix_with(), MIX + 0.2)
    assert torch.allclose(turned_down.mix_with(), plain.mix_with())
    assert torch.allclose(plain.mix_with(decibels(0.5)), MIX + 0.1)


def test_together_they_do_not_clip():
    both = take(0.9).mix_with(6.0)
    assert both.abs().max() == pytest.approx(1.0) and (both == both[0, 0]).all()


def test_a_saved_take_has_its_settings_beside_it(tmp_path):
    path = take(0.25).save(tmp_path / "bass.flac")
    assert torch.allclose(read_audio(path), torch.tensor(0.25), atol=1e-3)
    assert json.loads((tmp_path / "bass.json").read_text())["seed"] == 3
    take(0.5).save(path)  # its own file may be written again
    assert torch.allclose(read_audio(path), torch.tensor(0.5), atol=1e-3)


def test_neither_file_of_a_loud_take_clips_and_both_gains_are_recorded(tmp_path):
    loud = torch.full((2, 3000), 2.0)
    mix = Track.of(lambda: [MIX[:, :1000], MIX[:, 1000:]])
    with Spool(loud.split(700, -1), tmp_path) as bass:
        paths = tmp_path / "b.wav", tmp_path / "both.wav"
        written = write_take(bass, mix, torch.zeros(32, 1), {"seed": 3}, *paths)
    assert written == [tmp_path / "b.wav", tmp_path / "both.wav"]
    facts = json.loads((tmp_path / "b.json").read_text())
    assert facts["gain_db"] == pytest.approx(-6.02, abs=0.01)
    assert facts["mix_gain_db"] == pytest.approx(decibels(1 / 2.5))
    for path in written:
        wave = read_audio(path)
        assert wave.shape == (2, 3000) and 0.999 < float(wave.min()) <= float(wave.max()) <= 1
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_names_of_one_take_and_of_several():
    assert numbered("a/b.flac", 1) == [Path("a/b.flac")]
    assert numbered("a/b.flac", 3) == [Path(f"a/b-{number}.flac") for number in (1, 2, 3)]
    assert several("x") == ["x"] and several(["x", "y"]) == ["x", "y"] and several(None) == [None]


@pytest.mark.parametrize(
    ("out", "with_mix", "variations", "kind"),
    [
        ("a.xyz", None, 1, AudioError),
        ("a.wav", "b.xyz", 1, AudioError),
        ("none/a.wav", None, 1, AudioError),
        ("a.wav", "a.wav", 1, BassnbError),
        ("a.wav", None, 0, BassnbError),
        ("mix.wav", None, 1, BassnbError),  # the input
        ("mix.wav", "mix.wav", 3, BassnbError),
    ],
)
def test_takes_that_cannot_be_written_are_refused_before_the_work(
    out, with_mix, variations, kind, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    source = take(0.1).save(tmp_path / "mix.wav")
    for beside in ("mix.json", "mix.latents"):
        (tmp_path / beside).unlink()
    before = source.read_bytes()
    with pytest.raises(kind):
        check_takes(out, with_mix, variations, inputs=[source], force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["mix.wav"]
    assert source.read_bytes() == before
    check_takes("bass.wav", "both.mp3", variations=2, inputs=[source])
