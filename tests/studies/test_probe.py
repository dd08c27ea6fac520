"""The probes: alignment of features and labels, and that the chord's learns what is there to learn."""

import numpy as np
import torch

from bassnb.autoencoder import Autoencoder
from bassnb.composer.songs import compose
from bassnb.presets import SMOKE
from bassnb.studies import probe as study
from bassnb.studies.onset_probe import TARGETS
from bassnb.studies.probe import mel_per_step, root_per_step, train_probe, with_context


def test_context_holds_the_neighbours():
    latents = torch.arange(12.0).reshape(2, 6)  # channels 0..5 and 6..11
    features = with_context(latents, 1)
    assert features.shape == (6, 6)
    assert features[2].tolist() == [1, 2, 3, 7, 8, 9]
    assert features[0].tolist() == [0, 0, 1, 0, 6, 7]


def test_roots_are_those_in_the_middle_of_each_step():
    song = compose(0, split="test", seconds=8.0)
    roots = root_per_step(song, 86)
    for step in (0, 17, 50, 85):
        middle = (step + 0.5) * 4096 / 44_100
        assert roots[step] == next(
            chord.root for chord in song.chords if chord.start <= middle < chord.end
        )


def test_mel_bands_stand_in_the_latent_step_of_their_sound():
    model = Autoencoder(SMOKE.mix)  # 4 frames of 1024 samples in a step
    wave = torch.zeros(1, 2, 10 * 4096)
    time = torch.arange(1024) / 44_100
    wave[..., 5 * 4096 + 2048 :][..., :1024] = 0.3 * torch.sin(2 * np.pi * 440 * time)
    features = mel_per_step(model, wave)
    assert features.shape == (2 * study.BANDS * 4, 10) and (features >= 0).all()
    frames = features.unflatten(0, (2, study.BANDS, 4)).flatten(0, 1)  # (bands, 4, L)
    loud = frames.sum(0).T.flatten()  # in the order of time
    assert loud.argmax() == 5 * 4 + 2
    assert loud[:16].sum() == 0 and loud[28:].sum() == 0
    assert frames[study.BANDS :].sum() == 0  # both channels alike: no side


def test_the_probe_learns_and_is_reproducible():
    generator = torch.Generator().manual_seed(0)
    roots = torch.randint(12, (1500,), generator=generator)
    features = torch.nn.functional.one_hot(roots, 12).float() + 0.3 * torch.randn(
        1500, 12, generator=generator
    )
    state = torch.get_rng_state()
    probe, again = (
        train_probe(features[:1000], roots[:1000], hidden=32, epochs=30) for _ in range(2)
    )
    assert (probe(features[1000:]).argmax(-1) == roots[1000:]).float().mean() > 0.85
    assert torch.equal(probe(features), again(features))
    assert torch.equal(torch.get_rng_state(), state)


def test_report_of_a_random_autoencoder_is_near_chance(accompanist):
    report = study.run(accompanist, train_songs=2, songs=2, seconds=3.0)
    assert 0 <= report["accuracy"]["mean"] <= 1 and report["split"] == "test"
    assert np.isfinite(report["accuracy"]["high"])
    assert set(report["strokes"]) == {"latents", "spectrogram"} and report["tolerance"] == 0.05
    for features in report["strokes"].values():
        assert set(features) == set(TARGETS)
        assert all(0 <= features[name]["f1"]["mean"] <= 1 for name in ("kick", "chords"))
    assert "chords" in study.headline(report) and "of steps" in study.headline(report)
