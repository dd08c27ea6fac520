"""Exact lengths, pieces equal to the whole, nothing that depends on the length of the file, and it
learns.
"""

import dataclasses

import pytest
import torch

from bassnb.autoencoder import Autoencoder
from bassnb.errors import BassnbError
from bassnb.presets import CLASSROOM, PAPER, SMOKE, AutoencoderConfig

GENERATOR = torch.Generator().manual_seed(0)


def autoencoder(config=SMOKE.bass):
    torch.manual_seed(0)
    return Autoencoder(config).eval().requires_grad_(False)


SMALL_PAPER = dataclasses.replace(PAPER.mix, encoder_widths=(8,) * 5, decoder_widths=(8,) * 5)
SETTLED = dataclasses.replace(SMOKE.bass, projections=2)
SETTLED_PAPER = dataclasses.replace(SMALL_PAPER, projections=3)


@pytest.mark.evidence("exact-lengths")
@pytest.mark.parametrize("config", [SMOKE.bass, SMALL_PAPER, SETTLED])
@pytest.mark.parametrize("length", [1, 4095, 4096, 4097, 66_150, 70_001])
def test_exact_lengths(config, length):
    model = autoencoder(config)
    wave = 0.1 * torch.randn(2, 2, length, generator=GENERATOR)
    latents = model.encode(wave)
    assert latents.shape == (2, config.latent_channels, -(-length // 4096))
    decoded = model.decode(latents, length)
    assert decoded.shape == wave.shape and decoded.isfinite().all()


@pytest.mark.parametrize("config", [SMOKE.bass, SMALL_PAPER, SETTLED])
def test_pieces_equal_the_whole(config):
    model = autoencoder(config)
    wave = 0.1 * torch.randn(1, 2, 60 * 4096 + 77, generator=GENERATOR)
    whole = model.encode(wave)
    for chunk in (1, 7, 32):
        assert torch.allclose(model.encode(wave, chunk=chunk), whole, atol=1e-4)
        assert torch.allclose(model.decode(whole, chunk=chunk), model.decode(whole), atol=1e-4)


@pytest.mark.evidence("receptive-field")
@pytest.mark.parametrize(
    "config", [SMOKE.bass, SMALL_PAPER, CLASSROOM.mix, CLASSROOM.bass, SETTLED_PAPER]
)
def test_the_overlap_of_pieces_is_the_measured_receptive_field(config):
    model, middle, length = autoencoder(config), 20, 41
    wave = (0.1 * torch.randn(1, 2, length * 4096, generator=GENERATOR)).requires_grad_()
    model.encode(wave)[..., middle].square().sum().backward()
    touched = wave.grad[0].abs().sum(0).unflatten(0, (length, 4096)).sum(1).nonzero().flatten()
    assert middle - touched.min() == touched.max() - middle == model.encoder_reach
    latents = torch.randn(
        1, config.latent_channels, length, generator=GENERATOR, requires_grad=True
    )
    model.decode(latents)[..., middle * 4096 : (middle + 1) * 4096].square().sum().backward()
    touched = latents.grad[0].abs().sum(0).nonzero().flatten()
    assert middle - touched.min() == touched.max() - middle == model.decoder_reach
    assert model.receptive_field == max(model.encoder_reach, model.decoder_reach)


@pytest.mark.parametrize("config", [SMOKE.bass, SETTLED])
@pytest.mark.parametrize("block", [1000, 4096, 50_000, 300_000])
def test_a_stream_is_the_whole(config, block):
    model = autoencoder(config)
    wave = 0.1 * torch.randn(1, 2, 60 * 4096 + 77, generator=GENERATOR)
    pieces = list(model.encode_blocks(wave.split(block, -1), chunk=16))
    assert max(piece.shape[-1] for piece in pieces) == 16
    latents = model.encode(wave)
    assert torch.allclose(torch.cat(pieces, -1), latents, atol=1e-4)
    sound = list(model.decode_blocks(latents, wave.shape[-1], chunk=16))
    assert max(piece.shape[-1] for piece in sound) == 16 * 4096
    assert torch.allclose(torch.cat(sound, -1), model.decode(latents, wave.shape[-1]), atol=1e-4)


def test_a_second_does_not_depend_on_the_length_of_the_file():
    model = autoencoder()
    wave = 0.1 * torch.randn(1, 2, 80 * 4096, generator=GENERATOR)
    short = model.encode(wave[..., : 40 * 4096])
    keep = 40 - model.receptive_field
    assert torch.allclose(model.encode(wave)[..., :keep], short[..., :keep], atol=1e-5)


@pytest.mark.evidence("mono-and-sides-kept")
def test_mono_stays_mono_and_channels_keep_their_sides():
    model = autoencoder()
    mid = 0.1 * torch.randn(1, 1, 9000, generator=GENERATOR)
    spectrum = model.spectrum(mid.expand(1, 2, -1))
    assert spectrum[:, 1].abs().max() < 1e-4
    left = model.wave(model.spectrum(torch.cat([mid, 0 * mid], 1)), 9000)
    assert left[0, 1].abs().max() < 1e-4 < left[0, 0].abs().max()


@pytest.mark.evidence("true-phase-gives-band-back")
@pytest.mark.parametrize("config", [SMOKE.bass, SETTLED])
def test_true_phase_would_give_back_the_kept_band(config):
    """Feeding `synthesise` the true magnitudes and phases must invert the analysis; projections
    have nothing to do.
    """
    model, n = autoencoder(config), torch.arange(8 * 4096)
    tone = 0.3 * torch.sin(2 * torch.pi * 98 * n / 44_100)
    wave = torch.stack([tone, 0.5 * tone])[None]
    spectrum = model.spectrum(wave)
    quarter = torch.outer(torch.arange(512), torch.arange(spectrum.shape[-1])) % 4
    angle = torch.angle(spectrum) - quarter * torch.pi / 2
    phase = torch.stack([angle.cos(), angle.sin()], 1).flatten(2, 3)
    again = model.synthesise(model.log_spectrogram(wave), phase, wave.shape[-1])
    # a tone that starts or stops abruptly has energy above the kept bins
    inside = slice(4096, -4096)
    assert torch.allclose(again[..., inside], wave[..., inside], atol=2e-3)


def test_projections_settle_what_the_head_left_open():
    """From uncertain phase, more projections give a wave whose magnitudes are nearer to the wanted
    ones, and no weights.
    """
    torch.manual_seed(1)
    wave = 0.1 * torch.randn(1, 2, 16 * 4096, generator=GENERATOR)
    models = [autoencoder(dataclasses.replace(SMOKE.bass, projections=k)) for k in (0, 1, 4)]
    s = models[0].log_spectrogram(wave)
    phase = torch.randn(1, 2, 2 * 512, s.shape[-1], generator=GENERATOR)
    wanted = (s.exp() - SMOKE.bass.log_eps).clamp_min(0).sqrt()
    errors = [
        (m.spectrum(m.synthesise(s, phase, wave.shape[-1])).abs() - wanted).norm() for m in models
    ]
    assert errors[2] < errors[1] < 0.8 * errors[0]
    assert models[0].state_dict().keys() == models[2].state_dict().keys()
    assert models[0].receptive_field < models[2].receptive_field


@pytest.mark.evidence("autoencoder-paper-size")
@pytest.mark.parametrize("config", [PAPER.mix, PAPER.bass])
def test_paper_size(config):
    with torch.device("meta"):
        parameters = sum(p.numel() for p in Autoencoder(config).parameters())
    assert parameters == pytest.approx(37e6, rel=0.02)


@pytest.mark.evidence("standardised-latents")
def test_standardised_latents_have_mean_0_and_std_1_and_return():
    model = autoencoder()
    latents = 3 + 2 * torch.randn(4, 32, 50, generator=GENERATOR)
    model.set_statistics(latents)
    standard = model.standardise(latents)
    assert (
        standard.mean((0, 2)).abs().max() < 1e-4 and (standard.std((0, 2)) - 1).abs().max() < 1e-3
    )
    assert torch.allclose(model.unstandardise(standard), latents, atol=1e-4)


def test_one_batch_is_overfitted():
    torch.manual_seed(0)
    model, n = Autoencoder(SMOKE.bass), torch.arange(16 * 4096)
    wave = torch.stack([0.2 * torch.sin(2 * torch.pi * f * n / 44_100) for f in (55, 82)])[
        :, None
    ].expand(-1, 2, -1)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    s, losses = model.log_spectrogram(wave), []
    for _ in range(60):
        levels, _ = model.decoder(model.encoder(model.levels(s)))
        loss = (model.log_spectrogram_from_levels(levels) - s).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.1 * losses[0]


@pytest.mark.evidence("contradictory-config")
def test_a_contradictory_config_is_refused():
    with pytest.raises(BassnbError, match="4096"):
        AutoencoderConfig(32, 256, 513, 1e-2, (8, 8), (8, 8))
