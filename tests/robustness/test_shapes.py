"""Tensors that do not fit: every public function says which shape it wants and which it was given."""

import re

import pytest
import torch
from torch import zeros

from bassnb.attention import SelfAttention, toeplitz
from bassnb.diffusion import add_noise, c_from_v, diffusion_loss, eps_from_c, eps_from_v, v_target
from bassnb.errors import BassnbError
from bassnb.grounding import ground, style_mean
from bassnb.guidance import classifier_free_guidance, rescale
from bassnb.sampling import ddim, dpm_solver
from bassnb.spectral import (
    alternate_projections,
    flux_distance,
    griffin_lim,
    istft,
    multi_scale_spectral_distance,
    relative_spectral_distance,
    stft,
)
from bassnb.windows import windowed
from tests.refusals import assert_sentence

T, ODD = zeros(2), (zeros(2, 3, 4), zeros(2, 3, 5))
WRONG = [
    (
        "U-Net, latents",
        lambda a: a.system.unet(zeros(1, 3, 8), zeros(1), zeros(1, 64, 8)),
        "z must have shape (B, 32, L), but has shape (1, 3, 8)",
    ),
    (
        "U-Net, dimensions",
        lambda a: a.system.unet(zeros(32, 8), zeros(1), zeros(64, 8)),
        "z must have shape (B, 32, L), but has shape (32, 8)",
    ),
    (
        "U-Net, times",
        lambda a: a.system.unet(zeros(2, 32, 8), zeros(3), zeros(2, 64, 8)),
        "t must have shape (2,), but has shape (3,)",
    ),
    (
        "U-Net, mix",
        lambda a: a.system.unet(zeros(1, 32, 8), zeros(1), zeros(1, 64, 9)),
        "mix must have shape (1, 64, 8), but has shape (1, 64, 9)",
    ),
    (
        "U-Net, nothing",
        lambda a: a.system.unet(zeros(1, 32, 0), zeros(1), zeros(1, 64, 0)),
        "z must have shape (B, 32, L), but has shape (1, 32, 0)",
    ),
    (
        "attention",
        lambda a: SelfAttention(8, 2)(zeros(1, 3, 5)),
        "x must have shape (B, 8, L), but has shape (1, 3, 5)",
    ),
    (
        "attention, dimensions",
        lambda a: SelfAttention(8, 2)(zeros(8, 5)),
        "x must have shape (B, 8, L), but has shape (8, 5)",
    ),
    (
        "encode, mono",
        lambda a: a.system.mix_autoencoder.encode(zeros(1, 1, 9000)),
        "audio to encode must have shape (B, 2, N), but has shape (1, 1, 9000)",
    ),
    (
        "encode, no batch",
        lambda a: a.system.mix_autoencoder.encode(zeros(2, 9000)),
        "audio to encode must have shape (B, 2, N), but has shape (2, 9000)",
    ),
    (
        "encode, nothing",
        lambda a: a.system.mix_autoencoder.encode(zeros(1, 2, 0)),
        "audio to encode must have shape (B, 2, N), but has shape (1, 2, 0)",
    ),
    (
        "decode, channels",
        lambda a: a.system.bass_autoencoder.decode(zeros(1, 3, 4)),
        "latents must have shape (B, 32, L), but has shape (1, 3, 4)",
    ),
    (
        "decode, nothing",
        lambda a: a.system.bass_autoencoder.decode(zeros(1, 32, 0)),
        "latents must have shape (B, 32, L), but has shape (1, 32, 0)",
    ),
    (
        "stft, number",
        lambda a: stft(zeros(()), 512, 128),
        "wave must have shape (N,), but has shape ()",
    ),
    (
        "stft, nothing",
        lambda a: stft(zeros(1, 0), 512, 128),
        "wave must have shape (1, N), but has shape (1, 0)",
    ),
    (
        "projections",
        lambda a: griffin_lim(zeros(257, 9), 512, 128, 900, steps=1),
        "magnitudes must have shape (257, 8), but has shape (257, 9)",
    ),
    (
        "projections, bins",
        lambda a: alternate_projections(zeros(257, 8) + 0j, zeros(256, 8), 512, 128, 1024, steps=1),
        "magnitudes must have shape (257, 8), but has shape (256, 8)",
    ),
    (
        "spectral distance",
        lambda a: multi_scale_spectral_distance(zeros(1, 2, 900), zeros(1, 2, 901)),
        "other must have shape (1, 2, 900), but has shape (1, 2, 901)",
    ),
    (
        "relative distance",
        lambda a: relative_spectral_distance(zeros(1, 2, 900), zeros(1, 1, 900), eps=1e-3),
        "other must have shape (1, 2, 900), but has shape (1, 1, 900)",
    ),
    (
        "flux distance",
        lambda a: flux_distance(zeros(1, 2, 900), zeros(2, 2, 900)),
        "other must have shape (1, 2, 900), but has shape (2, 2, 900)",
    ),
    (
        "noise",
        lambda a: add_noise(*ODD, T),
        "eps must have shape (2, 3, 4), but has shape (2, 3, 5)",
    ),
    ("v", lambda a: v_target(*ODD, T), "eps must have shape (2, 3, 4), but has shape (2, 3, 5)"),
    ("c of v", lambda a: c_from_v(*ODD, T), "v must have shape (2, 3, 4), but has shape (2, 3, 5)"),
    (
        "eps of v",
        lambda a: eps_from_v(*ODD, T),
        "v must have shape (2, 3, 4), but has shape (2, 3, 5)",
    ),
    (
        "eps of c",
        lambda a: eps_from_c(*ODD, T),
        "c must have shape (2, 3, 4), but has shape (2, 3, 5)",
    ),
    (
        "times",
        lambda a: add_noise(zeros(2, 3, 4), zeros(2, 3, 4), zeros(3)),
        "t must be a scalar or must have shape (2,), one time per sample, but has shape (3,)",
    ),
    (
        "loss",
        lambda a: diffusion_loss(
            a.system.unet, zeros(2, 32, 4), zeros(2, 64, 5), generator=torch.Generator()
        ),
        "c_x must have shape (2, C, 4), but has shape (2, 64, 5)",
    ),
    (
        "guidance",
        lambda a: classifier_free_guidance(*ODD, 2.0),
        "c_uncond must have shape (2, 3, 4), but has shape (2, 3, 5)",
    ),
    (
        "rescale",
        lambda a: rescale(*ODD, 0.5),
        "c_cond must have shape (2, 3, 4), but has shape (2, 3, 5)",
    ),
    (
        "style",
        lambda a: style_mean(zeros(3)),
        "the style latents must have shape (B, C, L) or (C, L) with at least one step, but have shape (3,)",
    ),
    (
        "grounding",
        lambda a: ground(zeros(2, 3, 4), zeros(1, 5, 1), 0.5),
        "the style must have shape (2, 3, 1) or (1, 3, 1), but has shape (1, 5, 1)",
    ),
    (
        "DDIM",
        lambda a: ddim(lambda z, t: z[:, :1], zeros(1, 2, 3), 2),
        "the denoised estimate must have shape (1, 2, 3), but has shape (1, 1, 3)",
    ),
    (
        "DDIM, number",
        lambda a: ddim(lambda z, t: z, zeros(()), 2),
        "z must have shape (B,), but has shape ()",
    ),
    (
        "DPM",
        lambda a: dpm_solver(lambda z, t: z[..., :1], zeros(1, 2, 3), 2),
        "the denoised estimate must have shape (1, 2, 3), but has shape (1, 2, 1)",
    ),
    (
        "sample, channels",
        lambda a: a.sample(zeros(1, 3, 8), [0], steps=1),
        "c_x must have shape (1, 64, L), but has shape (1, 3, 8)",
    ),
    (
        "sample, number",
        lambda a: a.sample(zeros(()), [0], steps=1),
        "c_x must have shape (1, 64, L), but has shape ()",
    ),
    (
        "sample, takes",
        lambda a: a.sample(zeros(2, 64, 8), [0, 1, 2], steps=1),
        "c_x must have shape (3, 64, L), but has shape (2, 64, 8)",
    ),
    (
        "sample, nothing",
        lambda a: a.sample(zeros(1, 64, 0), [0], steps=1),
        "c_x must have shape (1, 64, L), but has shape (1, 64, 0)",
    ),
    (
        "sample, style",
        lambda a: a.sample(zeros(1, 64, 8), [0], mean=zeros(1, 3, 1), steps=1),
        "the style must have shape (1, 32, 1) or (1, 32, 1), but has shape (1, 3, 1)",
    ),
    (
        "rescale, dimensions",
        lambda a: rescale(zeros(3, 4), zeros(3, 4), 0.5),
        "c_cfg must have shape (B, C, L), but has shape (3, 4)",
    ),
    (
        "one time",
        lambda a: add_noise(zeros(3, 2, 4), zeros(3, 2, 4), zeros(2)),
        "t must be a scalar or must have shape (3,), one time per sample, but has shape (2,)",
    ),
    (
        "style, no channel",
        lambda a: style_mean(zeros(1, 3, 0)),
        "the style latents must have shape (B, C, L) or (C, L) with at least one step, but have shape (1, 3, 0)",
    ),
]
BEYOND = {
    "decode, too many samples": lambda a: a.system.bass_autoencoder.decode(zeros(1, 32, 4), 10**6),
    "decode, negative": lambda a: a.system.bass_autoencoder.decode(zeros(1, 32, 4), -5),
    "encode, no block": lambda a: list(a.system.mix_autoencoder.encode_blocks([])),
    "stft, hop": lambda a: stft(zeros(1, 900), 512, 0),
    "stft, gaps": lambda a: stft(zeros(1, 900), 512, 513),
    "DDIM, steps": lambda a: ddim(lambda z, t: z, zeros(1, 2, 3), 0),
    "DPM, steps": lambda a: dpm_solver(lambda z, t: z, zeros(1, 2, 3), -1),
    "windows": lambda a: windowed(a.system.unet, whole=8, window=4, overlap=4),
    "heads": lambda a: SelfAttention(8, 3),
    "offsets": lambda a: toeplitz(zeros(4), 3),
    "sample, no seed": lambda a: a.sample(zeros(1, 64, 8), [], steps=1),
}


@pytest.mark.evidence("wrong-shapes-named")
@pytest.mark.parametrize(
    "act, message", [case[1:] for case in WRONG], ids=[case[0] for case in WRONG]
)
def test_a_wrong_shape_is_named_beside_the_right_one(act, message, accompanist):
    with pytest.raises(BassnbError) as error:
        act(accompanist)
    assert_sentence(error.value, *re.findall(r"\(.*?\)", message))  # both shapes


@pytest.mark.parametrize(
    "frames, length, words",
    [
        (7, 897, "^7 frames do not hold 897 samples; give 8, or ask for fewer"),
        (0, 1, "^0 frames .* give 1,"),
    ],
)
def test_a_spectrum_may_have_more_frames_than_asked_for_but_not_fewer(frames, length, words):
    with pytest.raises(BassnbError, match=words):
        istft(zeros(1, 257, frames) + 0j, 512, 128, length)
    assert istft(zeros(1, 257, 8) + 0j, 512, 128, 700).shape == (1, 700)


@pytest.mark.evidence("values-beyond-limits-named")
@pytest.mark.parametrize("name", BEYOND)
def test_a_value_beyond_its_limits_is_named(name, accompanist):
    with pytest.raises(BassnbError) as error:
        BEYOND[name](accompanist)
    assert_sentence(error.value)
