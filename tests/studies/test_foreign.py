"""The study of foreign basses: its figures on sounds whose truth is known, and one tiny run."""

import json
import math

import numpy as np
import pytest
import soundfile
import torch

from bassnb.studies.foreign import (
    MEDIANS,
    level_difference,
    measure,
    pitch_class_kept,
    run,
    tabulate,
)
from bassnb.studies.foreign_basses import FONT, OWN, REFERENCES, Bass
from bassnb.studies.suite import examine


def saw(pitch, seconds=1.5):
    """A saw wave of ten partials, Tensor (2, N), at a MIDI pitch."""
    time = np.arange(round(seconds * 44_100)) / 44_100
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    wave = sum(np.sin(2 * np.pi * k * hertz * time) / k for k in range(1, 11))
    return torch.from_numpy(0.1 * wave).float().expand(2, -1)


def test_pitch_classes_are_kept_by_octaves_and_lost_by_semitones_and_silence():
    assert pitch_class_kept(saw(40), saw(40)) == 1.0
    assert pitch_class_kept(saw(40), saw(52)) > 0.95
    assert pitch_class_kept(saw(40), saw(40.2)) > 0.95 and pitch_class_kept(saw(40), saw(41)) < 0.05
    assert pitch_class_kept(saw(40), torch.zeros(2, 66_150)) == 0.0
    half = torch.cat([saw(40)[:, :33_075], torch.zeros(2, 33_075)], -1)
    assert pitch_class_kept(saw(40), half) == pytest.approx(0.5, abs=0.1)
    assert math.isnan(pitch_class_kept(torch.zeros(2, 66_150), saw(40)))


def test_levels_are_compared_in_decibels():
    wave = saw(40)
    assert level_difference(wave, 2 * wave) == pytest.approx(6.02, abs=0.01)
    assert level_difference(wave, 0 * wave) == -100.0


def test_a_decoder_of_silence_has_convergence_one(accompanist, monkeypatch):
    autoencoder = accompanist.system.bass_autoencoder
    bass = Bass("any", "saw", saw(40))
    monkeypatch.setattr(
        autoencoder,
        "decode_spectrum",
        lambda latents: torch.zeros_like(autoencoder.spectrum(bass.wave[None]).abs()),
    )
    assert measure(autoencoder, bass)["spectral_convergence"] == 1.0
    right = autoencoder.spectrum(bass.wave[None]).abs()
    monkeypatch.setattr(autoencoder, "decode_spectrum", lambda latents: right)
    assert measure(autoencoder, bass)["spectral_convergence"] == 0.0


def test_a_group_has_medians_the_mean_level_and_the_loudest():
    found = [
        {**dict.fromkeys(MEDIANS, value), "level_db": level}
        for value, level in ((0.1, -2.0), (0.2, 1.0), (0.9, 4.0))
    ]
    row = tabulate(found)
    assert row["songs"] == 3 and row["pitch_class"]["value"] == 0.2
    assert row["pitch_class"]["low"] == 0.1 and row["pitch_class"]["high"] == 0.9
    assert row["level_db"]["mean"] == 1.0 and row["loudest_db"] == 4.0


def test_a_run_of_everything(accompanist, tmp_path):
    (tmp_path / "mine").mkdir()
    soundfile.write(tmp_path / "mine" / "saw.wav", saw(40).T.numpy(), 44_100)
    report_path = tmp_path / "foreign.json"
    options = {"songs": 1, "seconds": 1.5, "fetched": str(tmp_path / "none")}
    headline = examine(
        "foreign", accompanist, report_path, folder=[str(tmp_path / "mine")], **options
    )
    report = json.loads(report_path.read_text())
    assert set(report["groups"]) == {OWN, REFERENCES, "mine"} and len(report["basses"]) == 3
    assert set(report["basses"][0]) == {"group", "name", *MEDIANS, "level_db"}
    assert "mine convergence" in headline and "left out: real stem" in headline
    assert "foreign_basses.sh" in report["skipped"]["real stem"] and FONT in report["skipped"]
    assert report["provenance"]["weights"]


def test_a_run_can_be_made_again(accompanist, tmp_path):
    options = {"songs": 1, "seconds": 1.5, "fetched": tmp_path}
    assert json.dumps(run(accompanist, **options)) == json.dumps(run(accompanist, **options))
