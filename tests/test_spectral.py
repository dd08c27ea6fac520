"""Transforms invert, have exact lengths, and the distances equal what one computes by hand."""

import math

import numpy as np
import pytest
import torch

from bassnb.spectral import (
    PAPER_HOPS,
    alternate_projections,
    flux_distance,
    griffin_lim,
    istft,
    log_magnitude,
    log_mel,
    magnitude,
    mel_filters,
    multi_scale_spectral_distance,
    relative_spectral_distance,
    stft,
)

GENERATOR = torch.Generator().manual_seed(0)


@pytest.mark.evidence("istft-inverts-stft")
@pytest.mark.parametrize("length", [1, 255, 256, 1023, 4095, 4096, 4097, 66_150, 70_001])
@pytest.mark.parametrize("window", [1024, 4096])
def test_istft_inverts_stft_with_exact_length(length, window):
    wave = torch.randn(2, length, generator=GENERATOR)
    spectrum = stft(wave, window, window // 4)
    assert spectrum.shape == (2, window // 2 + 1, -(-length // (window // 4)))
    again = istft(spectrum, window, window // 4, length)
    assert again.shape == wave.shape
    assert torch.allclose(again, wave, atol=2e-5)


def test_what_inference_has_cached_serves_training():
    with torch.inference_mode():
        stft(torch.zeros(600), 96, 24)
        log_mel(torch.zeros(49, 2), 7, 1234.0, 0.1)
    wave = torch.zeros(600, requires_grad=True)
    log_mel(log_magnitude(stft(wave, 96, 24), 0.1), 7, 1234.0, 0.1).sum().backward()
    assert wave.grad is not None


def test_stft_equals_a_direct_transform_of_one_frame():
    wave = torch.randn(8192, generator=GENERATOR, dtype=torch.float64)
    frame, window, hop = 9, 1024, 256
    start = frame * hop - (window - hop) // 2
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    n = np.arange(window)
    direct = [
        (wave[start : start + window].numpy() * hann * np.exp(-2j * np.pi * k * n / window)).sum()
        for k in (0, 3, 512)
    ]
    assert np.allclose(stft(wave, window, hop)[[0, 3, 512], frame].numpy(), direct, atol=1e-4)


def test_frames_do_not_depend_on_the_length_of_the_file():
    wave = torch.randn(40_000, generator=GENERATOR)
    assert torch.equal(stft(wave, 1024, 256)[:, :50], stft(wave[:20_000], 1024, 256)[:, :50])


def test_decimated_synthesis_is_the_low_passed_wave_at_a_lower_rate():
    n = torch.arange(40_960)
    tone = torch.sin(2 * torch.pi * 440 * n / 44_100)
    low = istft(stft(tone, 4096, 1024, 512), 4096, 1024, len(n), decimation=4)
    assert torch.allclose(low[600:-600], tone[::4][600:-600], atol=5e-3)


@pytest.mark.evidence("log-magnitude-inverse")
def test_log_magnitude_and_its_inverse():
    spectrum = torch.randn(4, 5, dtype=torch.complex64, generator=GENERATOR) * 10
    s = log_magnitude(spectrum, 1e-2)
    assert torch.allclose(s, torch.log(spectrum.abs() ** 2 + 1e-2), atol=1e-5)
    assert torch.allclose(magnitude(s, 1e-2), spectrum.abs(), atol=1e-2)


@pytest.mark.evidence("mel-filters")
def test_mel_filters_are_triangles_that_sum_the_power():
    filters = mel_filters(513, 128, 22_050.0)
    assert filters.shape == (513, 128) and filters.min() == 0 and filters.max() <= 1
    power = torch.rand(513, 7, generator=GENERATOR)
    mel = log_mel(torch.log(power + 0.1), 128, 22_050.0, 0.1)
    assert torch.allclose(mel, torch.log(filters.T @ power + 0.1), atol=1e-4)


@pytest.mark.evidence("spectral-distance-direct")
def test_spectral_distance_against_a_direct_computation():
    a, b = torch.randn(2, 1, 3000, generator=GENERATOR, dtype=torch.float64)
    expected = 0.0
    for hop in (64, 512):
        window = 4 * hop
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
        frames = -(-3000 // hop)
        padded = [np.pad(x[0].numpy(), ((window - hop) // 2, 2 * window)) for x in (a, b)]
        powers = [
            [
                np.abs(np.fft.rfft(p[t * hop : t * hop + window] * hann) * 1024 / window) ** 2
                for t in range(frames)
            ]
            for p in padded
        ]
        expected += np.abs(np.array(powers[0]) - np.array(powers[1])).mean()
    assert float(multi_scale_spectral_distance(a, b, (64, 512))) == pytest.approx(
        expected, rel=1e-5
    )


@pytest.mark.evidence("spectral-distance-zero")
def test_spectral_distance_is_zero_only_for_equal_spectra():
    wave = torch.randn(1, 2000, generator=GENERATOR)  # shorter than the longest window, 16384
    assert len(PAPER_HOPS) == 7 and 2**10 not in PAPER_HOPS
    assert multi_scale_spectral_distance(wave, wave) == 0
    assert multi_scale_spectral_distance(wave, -wave) < 1e-6  # phase alone is not heard
    assert multi_scale_spectral_distance(wave, 0.5 * wave) > 1


@pytest.mark.evidence("relative-distance-scales")
def test_relative_distance_weighs_all_scales_alike():
    wave = torch.randn(1, 20_000, generator=GENERATOR)
    for gain in (1.0, 10.0):  # |S| is off by half everywhere: 0.5 and log 2 a scale, at any level
        distance = relative_spectral_distance(
            gain * wave, 0.5 * gain * wave, (32, 256, 2048), eps=1e-9
        )
        assert float(distance) == pytest.approx(3 * (0.5 + math.log(2)), rel=1e-3)
    assert relative_spectral_distance(wave, wave, (32, 256), eps=1e-2) == 0


def test_griffin_lim_approaches_the_magnitudes():
    n = torch.arange(20_480)
    wave = torch.sin(2 * torch.pi * 110 * n / 44_100) + 0.3 * torch.sin(
        2 * torch.pi * 331 * n / 44_100
    )
    target = stft(wave, 1024, 256).abs()
    errors = [
        (stft(griffin_lim(target, 1024, 256, len(n), steps=k), 1024, 256).abs() - target).norm()
        for k in (0, 16)
    ]
    assert errors[1] < 0.5 * errors[0]


def test_projections_cost_less_at_a_lower_rate_and_give_the_same():
    generator = torch.Generator().manual_seed(5)
    spectrum = stft(torch.randn(1, 32_768, generator=generator), 4096, 1024, 500)
    turned = spectrum * torch.polar(
        torch.ones(spectrum.shape), torch.rand(spectrum.shape, generator=generator)
    )
    one, other = (
        alternate_projections(turned, spectrum.abs(), 4096, 1024, 32_768, steps=2, decimation=d)
        for d in (1, 4)
    )
    assert torch.allclose(one.abs(), spectrum.abs(), atol=1e-3)
    assert (one - other)[:, :480].norm() < 1e-2 * one.norm()


def test_projections_pass_gradients_through_silence():
    spectrum = torch.zeros(1, 65, 8, dtype=torch.complex64)
    magnitudes = torch.full((1, 65, 8), 1e-4, requires_grad=True)
    alternate_projections(
        spectrum * magnitudes, magnitudes, 128, 32, 256, steps=2
    ).abs().sum().backward()
    assert magnitudes.grad.isfinite().all()


def test_flux_distance_asks_for_the_strength_of_attacks():
    generator = torch.Generator().manual_seed(6)
    wave = torch.randn(2, 2, 22_050, generator=generator) * (torch.arange(22_050) % 5512 < 2000)
    assert flux_distance(wave, wave) == 0
    for gain in (0.5, 2.0):
        assert float(flux_distance(wave, gain * wave)) == pytest.approx(math.log(2), rel=1e-2)
    # as loud, without attacks
    hum = torch.sin(0.05 * torch.arange(22_050)).expand(2, 2, -1) * wave.std() * 2**0.5
    assert flux_distance(wave, hum) > 0.5


@pytest.mark.parametrize("hop", [1, 256])
def test_a_hop_may_be_one_sample_or_a_whole_window(hop):
    wave = torch.randn(300, generator=torch.Generator().manual_seed(0))
    assert stft(wave, 256, hop).shape == (129, -(-300 // hop))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_griffin_lim_begins_with_the_angles_of_its_seed(dtype):
    magnitudes = torch.rand(65, 9, generator=torch.Generator().manual_seed(1), dtype=dtype)
    angles = 2 * math.pi * torch.rand(65, 9, generator=torch.Generator().manual_seed(3))
    begun = istft(torch.polar(magnitudes, angles.to(dtype)), 128, 32, 288)
    assert torch.allclose(griffin_lim(magnitudes, 128, 32, 288, steps=0, seed=3), begun)
    usual = griffin_lim(magnitudes, 128, 32, 288)
    assert torch.equal(usual, griffin_lim(magnitudes, 128, 32, 288, steps=32, seed=0))
    assert not torch.equal(usual, griffin_lim(magnitudes, 128, 32, 288, steps=33, seed=0))


def rise(wave, hop):
    """Mean rise of the magnitudes of one crop from frame to frame, frame by frame."""
    size = stft(wave, 4 * hop, hop).abs()
    return sum(
        (size[..., k + 1] - size[..., k]).clamp_min(0).mean() for k in range(size.shape[-1] - 1)
    ) / (size.shape[-1] - 1)


def test_flux_distance_against_a_direct_computation():
    wave, other = torch.randn(2, 3, 2, 4000, generator=torch.Generator().manual_seed(0)).cumsum(-1)
    other = other * torch.linspace(0.1, 2, 4000)
    expected = [
        (rise(o, hop) / rise(w, hop)).log().abs() for hop in (64, 256) for w, o in zip(wave, other)
    ]
    assert float(flux_distance(wave, other, (64, 256))) == pytest.approx(
        float(sum(expected) / 6), rel=1e-3
    )


def test_flux_distance_of_silence_is_finite():
    click = torch.zeros(1, 2, 4000)
    click[..., 2000] = 1
    for pair in ((click, 0 * click), (0 * click, click)):
        assert 5 < flux_distance(*pair, (64,)) < 20
    assert flux_distance(0 * click, 0 * click) == 0


def test_relative_distance_of_quiet_waves_is_that_of_loud_ones():
    wave, other = torch.randn(2, 2, 4000, generator=torch.Generator().manual_seed(0))
    loud, quiet = (
        relative_spectral_distance(g * wave, g * other, (256,), eps=1e-12) for g in (1.0, 1e-2)
    )
    assert float(quiet) == pytest.approx(float(loud), rel=0.01)
