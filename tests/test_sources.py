"""What a user gives as audio: named, read in any form, and refused when silent."""

from pathlib import Path

import pytest
import torch

from bassnb.audio import write_audio
from bassnb.errors import AudioError, BassnbError
from bassnb.sources import name_of, several, style_track, track_of, wave_of
from tests.refusals import assert_sentence


def test_names():
    assert name_of(["a.wav", Path("b.wav"), torch.zeros(2)]) == ["a.wav", "b.wav", "array"]
    assert name_of(None) is None and several("a") == ["a"] and several(("a", "b")) == ("a", "b")


def test_a_path_and_its_samples_are_the_same_track(tmp_path):
    wave = 0.1 * torch.randn(2, 9000, generator=torch.Generator().manual_seed(0))
    path = write_audio(tmp_path / "a.wav", wave)
    stored = wave_of(path, 44_100, "it")
    one, other = track_of(path, 44_100, "it"), track_of(stored, 44_100, "it")
    assert (one.length, one.level, one.peak) == (other.length, other.level, other.peak)
    assert torch.equal(torch.cat(list(one.blocks()), -1), stored)


def test_refusals(tmp_path):
    silent = write_audio(tmp_path / "silent.wav", torch.zeros(2, 5000))
    for make, named in (
        (lambda: track_of(silent, 44_100, "the line"), "silent.wav"),
        (lambda: track_of(torch.zeros(2, 5000), 44_100, "the line"), "the line"),
        (lambda: style_track(torch.ones(2, 4000).cumsum(1).sin(), 44_100), "latent step"),
    ):
        with pytest.raises(BassnbError) as error:
            make()
        assert_sentence(error.value, named)
    with pytest.raises(AudioError):
        track_of(tmp_path / "none.wav", 44_100, "the line")
