"""What the page does with uploads and settings, without a page."""

import json

import pytest
import soundfile
import torch

from bassnb.app import play as module
from bassnb.app.play import play
from bassnb.audio import write_audio
from bassnb.errors import BassnbError


@pytest.fixture
def mix(tmp_path):
    folder = tmp_path / "uploads"
    folder.mkdir()
    return str(write_audio(folder / "my mix.wav", 0.1 * torch.randn(2, 9_000)))


def played(accompanist, folder, mix, style=None, count=1, step=lambda *_: None, **settings):
    folder.mkdir(exist_ok=True)
    return play(accompanist, folder, mix, style, count, {"steps": 2, **settings}, step)


def test_takes_become_files(accompanist, tmp_path, mix):
    seen = []
    takes = played(
        accompanist,
        tmp_path / "out",
        mix,
        style=None,
        count=2,
        seed=3,
        step=lambda *a: seen.append(a),
    )
    assert len(takes) == 2 and seen[-1] == (4, 4)
    for number, take in enumerate(takes):
        assert soundfile.info(take.bass).frames == soundfile.info(take.together).frames == 9_000
        settings = json.loads(take.settings.read_text())
        assert settings["seed"] == 3 + number and settings["mix"] == "my mix.wav"


def test_refusals_name_uploads_and_show_no_path(accompanist, tmp_path, mix, monkeypatch):
    bad = tmp_path / "uploads/bad.wav"
    bad.write_text("no sound")
    silent = str(write_audio(tmp_path / "uploads/silent.wav", torch.zeros(2, 30_000)))
    cases = [
        (None, None, {}, "mix"),
        (str(bad), None, {}, "bad.wav"),
        (mix, silent, {}, "silent"),
        (mix, None, {"guidance": -1}, "guidance"),
        (mix, None, {"line": str(bad)}, "bad.wav"),
    ]
    for one, style, settings, named in cases:
        with pytest.raises(BassnbError, match=named) as refusal:
            played(accompanist, tmp_path / "out", one, style, **settings)
        text = str(refusal.value)
        assert str(tmp_path) not in text and len(text.splitlines()) == 1
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.evidence("bounded-uploads")
def test_uploads_are_bounded(accompanist, tmp_path, mix, monkeypatch):
    monkeypatch.setattr(module, "LONGEST", 0.1)
    with pytest.raises(BassnbError, match=r"my mix.wav is longer than 0.1 s"):
        played(accompanist, tmp_path / "out", mix)
    monkeypatch.setattr(module, "MOST_BYTES", 100)
    for settings in ({}, {"keep": mix}):
        with pytest.raises(BassnbError, match="my mix.wav is larger than"):
            played(accompanist, tmp_path / "out", mix, **settings)
