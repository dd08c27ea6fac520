"""Spectrograms: from waveforms to log-magnitudes and back, and the distances measured on them.

The only file of bassnb with Fourier transforms. Taught in chapter 1.

Framing. Frame tau is centred on the middle of samples [tau * hop, (tau + 1) * hop): (window - hop)
/ 2 zeros stand before the first sample, so N samples give exactly ceil(N / hop) frames and what a
frame holds never depends on the length of the file. With window = 4 * hop every sample, the first
and the last too, lies under at least two Hann windows, hence the inverse is exact.

Scale. Spectra are multiplied by 1024 / window, so that one epsilon of the logarithm means the same
loudness for every window.
"""

from __future__ import annotations

import math
import warnings
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from bassnb.errors import BassnbError, check_shape

REFERENCE_WINDOW = 1024  # samples: spectra are scaled as if they had been taken with it
PAPER_HOPS = (2**5, 2**6, 2**7, 2**8, 2**9, 2**11, 2**12)  # section 4; 2^10 is missing there too
FLUX_HOPS = (2**7, 2**9)  # 3 and 12 ms: attacks


@lru_cache(maxsize=64)
# a window cached during inference must also be usable in training
@torch.inference_mode(False)
def _hann(window: int, device: torch.device) -> Tensor:
    return torch.hann_window(window, device=device)


def stft(wave: Tensor, window: int, hop: int, bins: int | None = None) -> Tensor:
    """Short-time Fourier transform with exactly ceil(N / hop) frames.

    Parameters
    ----------
    wave : Tensor (..., N)
    window, hop : samples
    bins : keep only the lowest ones

    Returns
    -------
    spectrum : complex Tensor (..., F, T), F = window // 2 + 1 or `bins`, T = ceil(N / hop)

    Raises
    ------
    BassnbError
        If there is no sample, or window and hop do not fit.
    """
    check_shape(BassnbError, "wave", wave, *wave.shape[:-1], "N")
    if not 1 <= hop <= window:
        raise BassnbError(
            f"a window of {window} samples cannot move by {hop}; choose a hop from 1 to the window"
        )
    before = (window - hop) // 2
    after = -wave.shape[-1] % hop + window - hop - before
    frames = F.pad(wave, (before, after)).unfold(-1, window, hop)  # (..., T, window)
    spectrum = torch.fft.rfft(frames * _hann(window, wave.device))[..., :bins]
    return spectrum.transpose(-1, -2) * (REFERENCE_WINDOW / window)


def mirrored(wave: Tensor, before: int, after: int) -> Tensor:
    """`wave` (..., N), N >= 1, with as many samples before and after it, mirrored at its ends."""
    length = wave.shape[-1]
    sides = []
    for beyond in (torch.arange(-before, 0), torch.arange(length, length + after)):
        beyond = beyond % (2 * length)  # a short wave is reflected at both ends
        sides.append(wave[..., torch.minimum(beyond, 2 * length - 1 - beyond).to(wave.device)])
    return torch.cat([sides[0], wave, sides[1]], -1)


def istft(spectrum: Tensor, window: int, hop: int, length: int, *, decimation: int = 1) -> Tensor:
    """Inverse of `stft` by windowed overlap-add.

    Parameters
    ----------
    spectrum : complex Tensor (..., F, T); missing high bins count as zero
    window, hop, length : samples at the full rate
    decimation : synthesise at the sample rate divided by it, which costs that much less; only for
        spectra whose bins lie below the new Nyquist frequency

    Returns
    -------
    wave : Tensor (..., ceil(length / decimation))

    Raises
    ------
    BassnbError
        If there are fewer than ceil(length / hop) frames.
    """
    if spectrum.shape[-1] * hop < length:
        raise BassnbError(
            f"{spectrum.shape[-1]} frames do not hold {length} samples; give {-(-length // hop)}, or ask for fewer"
        )
    window, hop, length = window // decimation, hop // decimation, -(-length // decimation)
    spectrum = spectrum[..., : window // 2 + 1, :].transpose(-1, -2) * (window / REFERENCE_WINDOW)
    hann = _hann(window, spectrum.device)
    frames = torch.fft.irfft(spectrum, n=window) * hann  # (..., T, window)
    wave = _overlap_add(frames, hop)
    envelope = _overlap_add((hann**2).expand(frames.shape[-2], -1), hop)
    before = (window - hop) // 2
    kept = slice(before, before + length)
    return wave[..., kept] / envelope[..., kept].clamp_min(1e-8)


def _overlap_add(frames: Tensor, hop: int) -> Tensor:
    """Sum frames (..., T, window) at their places, in window / hop shifted sums."""
    *batch, steps, window = frames.shape
    pieces = frames.reshape(*batch, steps, window // hop, hop)
    wave = frames.new_zeros(*batch, steps + window // hop - 1, hop)
    for k in range(window // hop):
        wave[..., k : k + steps, :] += pieces[..., k, :]
    return wave.flatten(-2)


def log_magnitude(spectrum: Tensor, eps: float) -> Tensor:
    """s = log(|S|^2 + eps), section 3.1; real Tensor of the shape of `spectrum`."""
    return torch.log(spectrum.real.square() + spectrum.imag.square() + eps)


def magnitude(log_magnitudes: Tensor, eps: float) -> Tensor:
    """The inverse of `log_magnitude`: |S| = sqrt(max(exp(s) - eps, 0)), its slope finite at 0."""
    return (log_magnitudes.exp() - eps).clamp_min(1e-8).sqrt()


@lru_cache(maxsize=16)
@torch.inference_mode(False)
def mel_filters(
    bins: int, mel_bins: int, nyquist: float, device: torch.device | str = "cpu"
) -> Tensor:
    """Triangular mel filters of height 1 over bins from 0 Hz to `nyquist`, (bins, mel_bins)."""
    import torchaudio  # only the critics use a mel axis; accompanying does not need it

    # coarse bins leave some of the lowest filters empty: they stay constant
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return torchaudio.functional.melscale_fbanks(
            bins, 0.0, nyquist, mel_bins, int(2 * nyquist)
        ).to(device)


def log_mel(log_magnitudes: Tensor, mel_bins: int, nyquist: float, eps: float) -> Tensor:
    """Log-magnitude spectrogram (..., F, T) on a mel axis, (..., mel_bins, T)."""
    filters = mel_filters(log_magnitudes.shape[-2], mel_bins, nyquist, log_magnitudes.device)
    # powers beyond 65 504 exist, which float16 cannot hold
    with torch.autocast(log_magnitudes.device.type, enabled=False):
        power = (log_magnitudes.exp() - eps).clamp_min(0)
        return torch.log(filters.T @ power + eps)


def multi_scale_spectral_distance(
    wave: Tensor, other: Tensor, hops: tuple[int, ...] = PAPER_HOPS
) -> Tensor:
    """L_mssd = sum over h of || |STFT_h(w)|^2 - |STFT_h(w~)|^2 ||_1 (section 3.1), as a mean.

    A window (4 hops) longer than the crop, padded with zeros on both sides, still gives ceil(N /
    hop) frames: spectra of the whole crop, so the paper can list hop 4096 for crops of 1.5 s.

    Parameters
    ----------
    wave, other : Tensor (..., N)
    hops : samples

    Returns
    -------
    distance : scalar Tensor
    """
    check_shape(BassnbError, "other", other, *wave.shape)
    distances = ((_power(wave, hop) - _power(other, hop)).abs().mean() for hop in hops)
    return sum(distances, wave.new_zeros(()))


def relative_spectral_distance(
    wave: Tensor, other: Tensor, hops: tuple[int, ...] = PAPER_HOPS, *, eps: float
) -> Tensor:
    """Every scale and quiet partials count: sum over h of ||S - S~|| / ||S|| + ||log S - log S~||.

    A partial fills 4 bins whatever the window, so in plain means a window of 16384 weighs a hundred
    times less than one of 128, though long ones measure whether phase is continuous from frame to
    frame: hence relative magnitudes. An error in magnitudes alone is smallest for a wave that is too
    quiet wherever phase is uncertain: hence the logarithm, log(|S|^2 + eps) / 2, as in DDSP (Engel
    et al. 2020), which the paper cites for L_mssd. Norms are means of absolute values.
    """
    check_shape(BassnbError, "other", other, *wave.shape)
    distance = wave.new_zeros(())
    for hop in hops:
        target, made = _power(wave, hop), _power(other, hop)
        magnitudes = (target + 1e-8).sqrt()
        distance = distance + (
            magnitudes - (made + 1e-8).sqrt()
        ).abs().mean() / magnitudes.mean().clamp_min(1e-6)
        distance = distance + 0.5 * (torch.log(target + eps) - torch.log(made + eps)).abs().mean()
    return distance


def flux_distance(wave: Tensor, other: Tensor, hops: tuple[int, ...] = FLUX_HOPS) -> Tensor:
    """Mean over hops and crops of |log(flux(w~) / flux(w))|: are attacks as strong as they were?

    The flux of a crop is the mean rise of its magnitudes from frame to frame, falls counted as
    nothing. Differences bin by bin reward a wave that stays quiet where the phase is uncertain; a
    total does not. Where the attacks belong is left to the other distances. Waves (B, 2, N).
    """

    def flux(x: Tensor, hop: int) -> Tensor:
        return (_power(x, hop) + 1e-8).sqrt().diff(dim=-1).clamp_min(0).mean((1, 2, 3)) + 1e-6

    check_shape(BassnbError, "other", other, *wave.shape)
    distances = ((flux(other, hop) / flux(wave, hop)).log().abs().mean() for hop in hops)
    return sum(distances, wave.new_zeros(())) / len(hops)


def _power(wave: Tensor, hop: int) -> Tensor:
    return torch.view_as_real(stft(wave, 4 * hop, hop)).square().sum(-1)


def resample_periodic(wave: Tensor, length: int) -> Tensor:
    """A period of a sound, (..., N), in `length` samples, and still a period.

    Its spectrum is cut, or continued with zeros (Fourier method).

    Returns
    -------
    wave : Tensor (..., length), float32
    """
    if wave.shape[-1] == length:
        return wave
    spectrum = torch.fft.rfft(wave.double())[..., : (min(wave.shape[-1], length) + 1) // 2]
    return (torch.fft.irfft(spectrum, n=length) * (length / wave.shape[-1])).float()


def griffin_lim(
    magnitudes: Tensor, window: int, hop: int, length: int, *, steps: int = 32, seed: int = 0
) -> Tensor:
    """Phase by alternating projections (Griffin and Lim 1984): the baseline of a phase head.

    Parameters
    ----------
    magnitudes : Tensor (..., F, T)

    Returns
    -------
    wave : Tensor (..., length)
    """
    angles = (
        torch.rand(magnitudes.shape, generator=torch.Generator().manual_seed(seed)) * 2 * math.pi
    )
    spectrum = torch.polar(magnitudes, angles.to(magnitudes))
    return istft(
        alternate_projections(spectrum, magnitudes, window, hop, length, steps=steps),
        window,
        hop,
        length,
    )


def alternate_projections(
    spectrum: Tensor,
    magnitudes: Tensor,
    window: int,
    hop: int,
    length: int,
    *,
    steps: int,
    decimation: int = 1,
) -> Tensor:
    """`steps` times: make the wave, analyse it, and keep its phase with the wanted magnitudes.

    Neighbouring frames overlap, so not every spectrum belongs to a wave. istft and stft project it
    onto those that do; where frames agree nothing changes, where they cancel the stronger one wins.
    Differentiable in both arguments. A step reaches window / hop - 1 frames to each side.

    Parameters
    ----------
    spectrum : complex Tensor (..., F, T), where to start
    magnitudes : Tensor (..., F, T), wanted
    window, hop, length : samples at the full rate
    decimation : work at the sample rate divided by it, as in `istft`

    Returns
    -------
    spectrum : complex Tensor (..., F, T) with these magnitudes

    Raises
    ------
    BassnbError
        If there are not the ceil(length / hop) frames of such a wave.
    """
    check_shape(BassnbError, "magnitudes", magnitudes, *spectrum.shape[:-1], -(-length // hop))
    for _ in range(steps):
        wave = istft(spectrum, window, hop, length, decimation=decimation)
        again = stft(wave, window // decimation, hop // decimation, magnitudes.shape[-2])
        spectrum = magnitudes * (again / (again.real.square() + again.imag.square() + 1e-10).sqrt())
    return spectrum
