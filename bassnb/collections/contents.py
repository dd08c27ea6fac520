"""Which stems of a song hold which others, measured on the audio because names are not reliable.

A stem x holds a stem y if x(t) = g y(t - d) + rest: the same recording, louder or softer, a little
earlier or later, filtered, and something else that has nothing to do with it. Two instruments that
play the same notes at the same time do not: their waves agree neither in phase nor in the course of
their loudness. Only stems in which y is more than `LEAK` of the power count, so that a little
crosstalk is ignored.

The test needs spectra of no more than `MOST` seconds of a song, whatever its length. Taught in
chapter 10.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.fft import fft, irfft, rfft

from bassnb.presets import SAMPLE_RATE

MOST = 96  # seconds of a song
LOWEST, HIGHEST = 20, 4000  # Hz, of bins 1 Hz apart
BAND = 16  # Hz with one filter coefficient: filters (rooms, equalisers) of up to 1/16 s
LONGEST_DELAY = SAMPLE_RATE // 20  # samples, 50 ms, as buffers and MP3 encoders cause
LEAK = 0.01  # share of the power of a stem
FRAMES = 16  # a second
RANGE = 1e-4  # power relative to the strongest: weaker bins are ignored


class Sketch:
    """Spectra of at most `MOST` seconds of all stems of a song, at equal distances in time.

    Attributes
    ----------
    spectra : list of complex64 (S, HIGHEST), one for each second that was kept
    powers : list of float (S,), sums over all frequencies from `LOWEST` on
    """

    def __init__(self) -> None:
        self.step = 1
        self.spectra: list[np.ndarray] = []
        self.powers: list[np.ndarray] = []
        self.window = np.hanning(SAMPLE_RATE + 1)[:-1].astype(np.float32)

    def needs(self, second: int) -> bool:
        """Whether this second is to be kept."""
        return second % self.step == 0

    def add(self, waves: np.ndarray) -> None:
        """Keep a second of all stems, (S, SAMPLE_RATE), mono."""
        spectra = rfft(waves * self.window, axis=-1)
        spectra[:, :LOWEST] = 0
        self.powers.append((np.abs(spectra) ** 2).sum(-1))
        self.spectra.append(spectra[:, :HIGHEST].astype(np.complex64))
        if len(self.spectra) > MOST:
            self.spectra, self.powers = self.spectra[::2], self.powers[::2]
            self.step *= 2

    def shares(self) -> np.ndarray:
        """Share (S, S) of the power of stem i that is stem j, where i holds j; 0 elsewhere."""
        # (S, seconds, F), (S, seconds)
        x, powers = np.stack(self.spectra, 1), np.stack(self.powers, 1)
        found = np.zeros((len(x), len(x)))
        for j, y in enumerate(x):
            found[:, j] = [
                evidence.share if evidence.holds else 0.0
                for evidence in search(x, powers, y, powers[j])
            ]
            found[j, j] = 0
        return found

    def is_sum(self, i: int, j: int) -> bool:
        """Whether stem i is exactly the sum of stem j and something else.

        i minus j then holds nothing of j. The level must be the same at all times, because a
        compressor cannot be undone.
        """
        x, powers = np.stack(self.spectra, 1), np.stack(self.powers, 1)
        whole = search(x[[i]], powers[[i]], x[j], powers[j])[0]
        rest = x[[i]] - x[[j]]
        if (np.abs(rest) ** 2).sum() <= RANGE * (np.abs(x[i]) ** 2).sum():
            return False  # the same file twice
        left = search(rest, (np.abs(rest) ** 2).sum(-1), x[j], powers[j])[0]
        steady = whole.unsteadiness <= 1.5 * whole.noise + 0.01
        # In a short song a filter explains more by chance.
        removed = left.share < LEAK and left.filtered < 5 * LEAK
        return bool(
            whole.holds
            and steady
            and abs(whole.gain - 1) < 0.1
            and abs(whole.delay) <= 8
            and removed
        )


@dataclass(frozen=True)
class Evidence:
    """How much of a stem x another stem y explains.

    Attributes
    ----------
    share : share of the power of x that is y with one `gain` and one `delay` (samples)
        One half of the seconds gives the gain, the other half confirms it.
    filtered : the same for y through a filter
    gain, delay : factor and samples
    agreement : of the phases of the bands, 0 to 1; 1 if x holds y, even through an equaliser
    bands : effective number of these bands
    unsteadiness : mean square deviation of the gain from frame to frame, in phase with y
        It contains the rest of x and changes in the loudness of y alone.
    noise : the same at a right angle to y, which contains the rest of x only
    """

    share: float = 0.0
    filtered: float = 0.0
    gain: float = 0.0
    delay: int = 0
    agreement: float = 0.0
    bands: float = 1.0
    unsteadiness: float = np.inf
    noise: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether x holds y.

        The bounds were found with composed songs; few bands agree by chance more often than many.
        Where many bands agree almost completely, the gain may change: in some masters the drums
        control a compressor on the bass.
        """
        agreed = self.agreement >= 0.7 + 0.29 / self.bands**0.5
        steady = (
            self.unsteadiness <= 0.2 + 1.2 * self.noise
            or self.agreement >= 0.9
            and self.bands >= 20
        )
        return self.share >= LEAK and agreed and steady


def search(
    x: np.ndarray, x_powers: np.ndarray, y: np.ndarray, y_powers: np.ndarray
) -> list[Evidence]:
    """Evidence that stems x hold y.

    Only the seconds in which y sounds are used. H, the filter from y to x, is the least-squares
    one: H = sum(conj(Y) X) / sum(|Y|^2) over the seconds and the bins of a band.

    Parameters
    ----------
    x : spectra (S, seconds, F)
    x_powers : power (S, seconds) of each second
    y, y_powers : the same of one stem, (seconds, F) and (seconds,)

    Returns
    -------
    evidence : list of S
    """
    on = y_powers > RANGE * y_powers.max()
    if on.sum() < 2 or not y.any():
        return [Evidence()] * len(x)
    x, y, x_powers = x[:, on], y[on], x_powers[:, on].sum(-1)
    # Even and odd seconds apart: cross (2, S, F) and power (2, F).
    cross = np.stack([np.einsum("wf,swf->sf", y[half::2].conj(), x[:, half::2]) for half in (0, 1)])
    power = np.stack([(np.abs(y[half::2]) ** 2).sum(0) for half in (0, 1)])
    delays = delays_of(cross.sum(0), power.sum(0), (np.abs(x) ** 2).sum(1))
    turn = np.exp(2j * np.pi * np.arange(HIGHEST) * delays[:, None] / SAMPLE_RATE)
    cross, power = bands(cross * turn), bands(power)  # (2, S, bands), (2, bands)
    gains = cross.sum(-1) / (power.sum(-1)[:, None] + 1e-30)  # (2, S): one gain from each half
    shares = (gains[0].conj() * gains[1]).real * power.sum() / (x_powers + 1e-30)
    through = (
        (cross[0].conj() * cross[1]).real
        / np.sqrt(power.prod(0) + 1e-30)
        * (power.sum(0) > RANGE * power.sum(0).max())
    )
    filtered = 2 * through.sum(-1) / (x_powers + 1e-30)
    found = []
    for i, (share, delay) in enumerate(zip(shares, delays)):
        evidence = Evidence(float(share), float(filtered[i]))
        if share >= LEAK:
            gain = float((cross[:, i].sum() / power.sum()).real)
            x_power = bands((np.abs(x[i]) ** 2).sum(0))
            agreement, count = agreement_of(cross[:, i], power, x_power)
            filter_ = cross[:, i].sum(0) / (power.sum(0) + 1e-30)
            predicted = y * np.repeat(filter_, BAND)[:HIGHEST] * turn[i].conj()
            unsteadiness, noise = deviations(x[i], predicted)
            evidence = replace(
                evidence,
                gain=gain,
                delay=int(delay),
                agreement=agreement,
                bands=count,
                unsteadiness=unsteadiness,
                noise=noise,
            )
        found.append(evidence)
    return found


def bands(bins: np.ndarray) -> np.ndarray:
    """Sums (..., HIGHEST / BAND) over the bins (..., HIGHEST) of each band."""
    return bins.reshape(*bins.shape[:-1], -1, BAND).sum(-1)


def delays_of(cross: np.ndarray, y_power: np.ndarray, x_power: np.ndarray) -> np.ndarray:
    """Delay (S,) of y in each stem in samples: the maximum of the whitened cross-correlation."""
    product = y_power * x_power
    spectra = np.zeros((len(cross), SAMPLE_RATE // 2 + 1), np.complex64)
    spectra[:, :HIGHEST] = cross / np.sqrt(product + 1e-9 * product.max(-1, keepdims=True) + 1e-30)
    correlation = irfft(spectra, SAMPLE_RATE, axis=-1)
    near = np.concatenate(
        [correlation[:, -LONGEST_DELAY:], correlation[:, : LONGEST_DELAY + 1]], -1
    )
    return np.abs(near).argmax(-1) - LONGEST_DELAY


def agreement_of(
    cross: np.ndarray, y_power: np.ndarray, x_power: np.ndarray
) -> tuple[float, float]:
    """Agreement of the phases of the filter, and the effective number of bands.

    The agreement is the length of the weighted mean of unit vectors exp(i arg H) over the bands. A
    band has more weight, the stronger y is in it and the better both halves agree; the exponent 1/4
    of the power lets overtones count.
    """
    power = y_power.sum(0)
    halves = cross / (y_power + 1e-9 * y_power.max() + 1e-30)
    coherence = (
        np.clip((halves[0] * halves[1].conj()).real, 0, None)
        * power
        / (x_power + 1e-9 * x_power.max() + 1e-30)
    )
    weights = power**0.25 * np.minimum(coherence, 1) ** 0.5 * (power > RANGE * power.max())
    directions = np.exp(1j * np.angle(cross.sum(0)))
    total = weights.sum() + 1e-30
    return float(np.abs((weights * directions).sum()) / total), float(
        max(total**2 / ((weights**2).sum() + 1e-30), 1)
    )


def deviations(x: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    """`unsteadiness` and `noise` of `Evidence`, from x and its prediction (seconds, F)."""
    strength = bands((np.abs(predicted) ** 2).sum(0))
    keep = np.repeat(strength > 1e-3 * strength.max(), BAND)
    waves = [
        fft(np.pad(bins * keep, ((0, 0), (0, 96))), axis=-1).reshape(len(x), FRAMES, -1)
        for bins in (predicted, x)
    ]
    power = (np.abs(waves[0]) ** 2).sum(-1).ravel()
    product = (waves[0].conj() * waves[1]).sum(-1).ravel()
    loud = power > 1e-3 * power.mean()
    power, gains = power[loud], product[loud] / power[loud]
    weights = power / power.sum()
    mean = (weights * gains.real).sum()
    return float((weights * (gains.real - mean) ** 2).sum()), float((weights * gains.imag**2).sum())
