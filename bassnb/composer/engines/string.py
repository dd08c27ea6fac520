"""Plucked strings: a delay of one period whose output returns through a filter that takes energy.

    y[n] = x[n] + (h * y)[n - L]

x is the pluck, L a whole number of samples, and h the loss per round, a fractional delay and the
dispersion of a stiff string, in one recursive filter. It is computed period by period. K. Karplus
and A. Strong, "Digital synthesis of plucked-string and drum timbres", and D. Jaffe and J. Smith,
"Extensions of the Karplus-Strong plucked-string algorithm", Computer Music Journal, 1983. Taught in
chapter 10.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.signal import freqz, lfilter

from bassnb.composer.engines.filters import low_pass, resonances
from bassnb.composer.engines.tones import PITCH, Tone, Values, falling, noise, pitch_curve, times
from bassnb.composer.sampler import cubic
from bassnb.presets import SAMPLE_RATE

DEFAULTS = {
    **PITCH,
    "position": 0.2,  # where the string is plucked, as a share of its length
    "pickup": 0.12,  # where the pickup is, likewise
    "hollow": 0.6,  # depth of the pickup's comb
    "tilt": 1.0,  # twice the harmonic above which the pluck falls by 6 dB an octave
    "brightness": 1500.0,  # Hz: corner of the pluck at medium force
    "touch": 1.0,  # octaves that full velocity adds
    "attack": 0.001,  # seconds
    "decay": 4.0,  # seconds until the fundamental of key 40 has fallen by 60 dB
    "bright_decay": 0.8,  # and the partials around 2 kHz
    "stiffness": 0.0,  # coefficient of the dispersion, 0 to 0.6
    "beating": 0.0,  # level of the other plane of vibration
    "tone": 5000.0,  # Hz: corner of the tone control
    "tone_peak": 0.0,  # dB
    "finger": 0.03,  # level of the noise before and at the pluck
    "slap": 0.0,  # level of the click when the string hits the frets
    "buzz": 0.0,  # saturation while it swings wide
    "body": 0.0,  # level of the body's resonances
    "body_hertz": 100.0,  # frequency of the lowest
    "release": 0.08,  # seconds
    "thump": 0.02,  # level of the noise when it is damped
}
_TAIL = 0.02  # seconds of noise when it is damped
_MOST = 0.99999  # gain of a round at 0 Hz, where it is highest
_SHORTEST = 2000.0  # Hz; higher tones sound an octave lower


def play(values: Values, tone: Tone) -> np.ndarray:
    """One tone (1, n) float32."""
    while tone.hertz > _SHORTEST:
        tone = replace(tone, hertz=tone.hertz / 2, before=tone.before / 2)
    release = falling(values["release"])
    decay = values["decay"] * 2.0 ** ((40 - tone.key) / 24.0)
    held = min(tone.held, round(1.4 * decay * SAMPLE_RATE))
    samples = held + len(release)
    course = pitch_curve(values, tone, samples)
    steady = np.ndim(course) == 0
    hertz = float(course) if steady else tone.hertz
    bent = np.zeros(1) if steady else np.cumsum(course / hertz)  # type: ignore[operator]
    wave = _string(values, tone, hertz, decay, samples if steady else int(bent[-1]) + 4)
    if not steady:
        wave = cubic(np.concatenate([wave[:1], wave]), bent - bent[0])
    _add_noises(values, tone, wave, held)
    wave = _voiced(values, tone, wave)
    rising = np.linspace(0.0, 1.0, max(round(values["attack"] * SAMPLE_RATE), 1), dtype=np.float32)
    wave[: len(rising)] *= rising[:samples]
    wave[held:] *= release
    return wave[None]


def _string(values: Values, tone: Tone, hertz: float, decay: float, samples: int) -> np.ndarray:
    """The vibration (samples,) at the pickup: one plane, or two that beat."""
    pluck = _pluck(values, tone, hertz)
    wave = waveguide(pluck, hertz, decay, values["bright_decay"], values["stiffness"], samples)
    if values["beating"]:
        other = hertz * 2.0 ** (tone.rng.uniform(0.5, 2.0) / 1200.0)
        wave = wave + values["beating"] * waveguide(
            pluck, other, 0.4 * decay, values["bright_decay"], values["stiffness"], samples
        )
    away = max(round(values["pickup"] * SAMPLE_RATE / hertz), 1)
    picked = wave.copy()
    picked[away:] -= np.float32(values["hollow"]) * wave[:-away]
    return picked


def _pluck(values: Values, tone: Tone, hertz: float) -> np.ndarray:
    """What sets the string in motion: a soft impulse with some noise, and its mirror image."""
    period = round(SAMPLE_RATE / hertz)
    corner = values["brightness"] * 2.0 ** (values["touch"] * 2 * (tone.force - 0.7))
    corner *= 2.0 ** tone.rng.uniform(-0.15, 0.15)
    wave = np.zeros(2 * period, np.float32)
    wave[0] = 1.0
    wave[:period] += np.float32(0.25 / np.sqrt(period)) * noise(tone.rng, period)
    wave = lfilter(*low_pass(corner, 0.6), wave)
    place = values["position"] * tone.rng.uniform(0.9, 1.1)
    away = min(max(round(place * period), 1), period)
    out = wave.copy()
    out[away:] -= wave[:-away]
    pole = np.exp(-np.pi * values["tilt"] / period)  # the velocity of a string falls as 1 / k
    out = lfilter([1.0], [1.0, -pole], out)
    out -= out.mean()
    out *= np.linspace(1.0, 0.0, len(out)) ** 0.25
    return out / np.abs(out).max()


def waveguide(
    pluck: np.ndarray, hertz: float, decay: float, bright: float, stiffness: float, samples: int
) -> np.ndarray:
    """A string that swings freely.

    Parameters
    ----------
    pluck : (M,), what is added to the string from the start
    hertz : fundamental frequency, at most 2 kHz
    decay, bright : seconds in which the fundamental and partials around 2 kHz, or five times it if
        that is higher, fall by 60 dB
    stiffness : coefficient of the dispersion
    samples : length of the result

    Returns
    -------
    wave : ndarray (samples,) float32
    """
    lag, b, a = loop(hertz, decay, bright, stiffness)
    out = np.zeros(samples, np.float32)
    out[: len(pluck)] = pluck[:samples]
    state = np.zeros(max(len(a), len(b)) - 1)
    for start in range(lag, samples, lag):
        back = out[start - lag : min(start, samples - lag)]
        swing, state = lfilter(b, a, back, zi=state)
        out[start : start + lag] += swing
    return out


def loop(
    hertz: float, decay: float, bright: float, stiffness: float
) -> tuple[int, np.ndarray, np.ndarray]:
    """Whole delay and coefficients b, a of the loop of a string; see `waveguide`.

    The one-pole loss (1 - p) / (1 - p / z) has the gain at 2 kHz that `bright` asks for, relative
    to the gain at the fundamental. The delays of all parts at the fundamental add up to a period. The
    gain is below 1 at all frequencies, so that nothing grows.
    """
    high = max(2000.0, 5.0 * hertz)
    cosine = np.cos(2 * np.pi * high / SAMPLE_RATE)
    ratio = 10.0 ** (-6.0 / hertz * max(1.0 / min(bright, decay) - 1.0 / decay, 0.02))
    middle = (1.0 - ratio * cosine) / (1.0 - ratio)
    pole = middle - np.sqrt(middle**2 - 1.0)
    a = np.convolve([1.0, -pole], [1.0, -stiffness])
    b = (1.0 - pole) * np.array([-stiffness, 1.0])
    omega = 2 * np.pi * hertz / SAMPLE_RATE
    response = freqz(b, a, [omega])[1][0]
    period = SAMPLE_RATE / hertz + np.angle(response) / omega
    lag = int(period) - 1
    b = np.convolve(b, lagrange(period - lag))
    gain = 10.0 ** (-3.0 / (hertz * decay)) / abs(freqz(b, a, [omega])[1][0])
    return lag, min(gain, _MOST) * b, a


def lagrange(delay: float) -> np.ndarray:
    """Coefficients (4,) of a fractional delay between one and two samples."""
    taps = np.arange(4)
    return np.array([np.prod([(delay - k) / (n - k) for k in taps if k != n]) for n in taps])


def _voiced(values: Values, tone: Tone, wave: np.ndarray) -> np.ndarray:
    """The sound (n,) behind frets, tone control and body."""
    if values["buzz"]:
        strength = np.float32(3.0 * values["buzz"] * tone.force)
        wave = np.tanh(strength * wave + 0.2) / strength - np.tanh(0.2) / strength
    quality = 10.0 ** (values["tone_peak"] / 20.0) / np.sqrt(2.0)
    wave = lfilter(*low_pass(values["tone"], quality), wave)
    if values["body"]:
        low = values["body_hertz"]
        peaks = [(low, 6.0, 1.0), (2.1 * low, 8.0, 0.8), (4.3 * low, 5.0, 0.5), (9 * low, 3, 0.3)]
        wave = resonances(wave, [(at, q, values["body"] * gain) for at, q, gain in peaks])
    return wave.astype(np.float32)


def _add_noises(values: Values, tone: Tone, wave: np.ndarray, held: int) -> None:
    """Finger or pick, the click of a slap, and the hand that damps the string; in place."""
    count = min(round(0.06 * SAMPLE_RATE), len(wave))
    time, fade = times(count), np.linspace(1, 0, count, dtype=np.float32)
    if values["finger"]:
        rub = noise(tone.rng, count, 300.0, 2500.0) * np.exp(-time / 0.008) * fade
        wave[:count] += values["finger"] * tone.force * rub
    if values["slap"]:
        click = noise(tone.rng, count, 1200.0, 7000.0) * np.exp(-time / 0.004) * fade
        wave[:count] += values["slap"] * tone.force**2 * click
    tail = min(round(_TAIL * SAMPLE_RATE), len(wave) - held)
    if values["thump"] and tail > 1 and held == tone.held:
        swell = np.sin(np.linspace(0, np.pi, tail, dtype=np.float32)) ** 2
        wave[held : held + tail] += values["thump"] * noise(tone.rng, tail, 40, 900) * swell
