"""Takes in batches are the takes of the accompanist."""

import torch

from bassnb.composer.examples import examples
from bassnb.level import LEVEL, level
from bassnb.metrics.contrastive import encode_waves
from bassnb.studies import takes
from bassnb.studies.takes import decode_takes, sample_latents


def test_a_batch_plays_what_the_accompanist_plays(accompanist, monkeypatch):
    monkeypatch.setattr(takes, "BATCH", 2)  # three songs: a whole batch and a rest
    found = list(examples("test", 3, seconds=1.5))
    c_x = encode_waves(accompanist.system.mix_autoencoder, [one.mix for one in found])
    for guidance in (0.0, 3.0):
        latents = sample_latents(accompanist, c_x, [7, 8, 9], steps=2, guidance=guidance, phi=0.5)
        waves = decode_takes(accompanist, latents, found[0].mix.shape[-1])
        for number, (one, wave) in enumerate(zip(found, waves, strict=True)):
            take = accompanist(
                one.mix, guidance=guidance, phi=0.5, steps=2, seed=7 + number, tuning=440
            )
            torch.testing.assert_close(latents[number], take.latents, rtol=1e-4, atol=1e-4)
            torch.testing.assert_close(
                wave, take.audio * (LEVEL / level(take.mix)), rtol=1e-3, atol=1e-4
            )
