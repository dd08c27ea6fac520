"""Volume and modulation envelopes of a SoundFont's zone.

Both have six stages: delay, attack, hold, decay, sustain, and release when the key is let go.
Source: SoundFont Technical Specification 2.04, sections 8.1.2 and 9.1.7. Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bassnb.composer import soundfont as sf
from bassnb.presets import SAMPLE_RATE

SILENCE = 1e-5  # -100 dB: where an envelope ends
CONTROL = 64  # samples between two values of the modulation envelope


def seconds(timecents: float) -> float:
    """Seconds of a duration in timecents; the shortest one stands for none."""
    return 0.0 if timecents <= -12000 else float(2.0 ** (timecents / 1200.0))


def falling_by_100_db(duration: float, samples: int) -> np.ndarray:
    """Factors (samples,) that fall by 100 dB in a duration in seconds."""
    rate = np.float32(np.log(SILENCE) / (duration * SAMPLE_RATE))
    return np.exp(rate * np.arange(1, samples + 1, dtype=np.float32))


def _times(values: Mapping[int, int], first: int, key: int) -> tuple[float, float, float, float]:
    """Delay, attack, hold and decay in seconds of the envelope whose generators begin at `first`.

    Hold and decay become shorter for higher keys: timecents per key, from key 60.
    """
    delay, attack, hold, decay = (values[first + k] for k in range(4))
    hold_per_key, decay_per_key = values[first + 6], values[first + 7]
    return (
        seconds(delay),
        seconds(attack),
        seconds(hold + (60 - key) * hold_per_key),
        seconds(decay + (60 - key) * decay_per_key),
    )


def volume_envelope(values: Mapping[int, int], key: int, samples: int) -> np.ndarray:
    """Volume envelope of a held key, until it is silent.

    Delay, linear attack, hold, decay by 100 dB per decay time to the sustain level.

    Parameters
    ----------
    values : generators by number
    key : MIDI key
    samples : highest length

    Returns
    -------
    envelope : ndarray (at most samples,) float32 in [0, 1]
    """
    delay, attack, hold, decay = _times(values, sf.VOLUME, key)
    sustain = 10.0 ** (-values[sf.VOLUME + 4] / 200.0)
    # dB per second are constant, so a higher sustain level is reached sooner
    falls = decay * min(values[sf.VOLUME + 4] / 1000.0, 1.0)
    edges = np.cumsum([delay, attack, hold, falls]) * SAMPLE_RATE
    begin, top, steady, level = (min(round(edge), samples) for edge in edges)
    length = samples if sustain > SILENCE else level
    envelope = np.full(length, sustain, np.float32)
    envelope[:begin] = 0.0
    envelope[begin:top] = np.arange(1, top - begin + 1) / max(attack * SAMPLE_RATE, 1.0)
    envelope[top:steady] = 1.0
    if level > steady:
        envelope[steady:level] = falling_by_100_db(decay, level - steady)
    return envelope


def modulation_envelope(values: Mapping[int, int], key: int, samples: int) -> np.ndarray:
    """Modulation envelope of a held key at every 64th sample, float64 in [0, 1].

    Its attack is the specification's convex curve, 1 + 40/96 log10 of the share of the attack time
    that has passed: a pitch or cutoff rises evenly in Hz. Its decay is linear: from 1 to 0 in the
    decay time, ended by the sustain level.
    """
    delay, attack, hold, decay = _times(values, sf.MODULATION, key)
    sustain = 1.0 - values[sf.MODULATION + 4] / 1000.0
    begin, top, steady, level = np.cumsum([delay, attack, hold, decay * (1.0 - sustain)])
    time = np.arange(0, samples, CONTROL) / SAMPLE_RATE
    rise = np.clip((time - begin) / max(attack, 1e-9), 1e-9, 1.0)
    convex = np.maximum(1.0 + 40.0 / 96.0 * np.log10(rise), 0.0)
    falling = np.interp(time, [steady, max(level, steady + 1e-9)], [1.0, sustain])
    return np.where(time < top, convex, falling)
