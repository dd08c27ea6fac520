"""Strokes to sound: plays the zones of a SoundFont.

A voice is one zone played by one stroke: sample -> pitch -> low-pass filter -> volume envelope ->
loudness -> pan. What the voices of one zone and key have in common, the filtered tone, is made
once. Not played: vibrato and tremolo, chorus and reverberation, modulators other than the one from
velocity to loudness, and the release of the modulation envelope. Source: SoundFont Technical
Specification 2.04, sections 8.1 (generators), 8.4.1 (velocity) and 9 (signal path). Taught in
chapter 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.signal import firwin, lfilter

from bassnb.composer import soundfont as sf
from bassnb.composer.envelopes import (
    CONTROL,
    falling_by_100_db,
    modulation_envelope,
    seconds,
    volume_envelope,
)
from bassnb.composer.soundfont import SoundFont, Zone
from bassnb.presets import SAMPLE_RATE
from bassnb.temperament import hertz_of_key

_SHORTEST_RELEASE = 0.01  # seconds; a shorter one would click
_CUTOFF_STEP = 25.0  # cents that the cutoff moves before the filter follows
_HIGHEST_CUTOFF = 18000.0  # Hz; above, nothing is filtered
_A_MINUS = hertz_of_key(0)  # Hz of MIDI key 0, where absolute cents begin
_HIGHEST_CENTS = 9600.0  # eight octaves above the recorded pitch: nothing is audible there
_HALF_TAPS = 24  # of the filter before a transposition upwards, on each side
_MOST_LAYERS = 128  # zones that one stroke plays; more are left out
_BLOCK = 1 << 14  # samples that are interpolated at a time


class Stroke(NamedTuple):
    """A note in samples: from `start` until it is released at `end`."""

    start: int
    end: int
    key: int
    velocity: int


@dataclass
class _Voice:
    start: int
    end: int
    velocity: int
    cut: int | None = None  # where a stroke of the same exclusive class begins


def play_strokes(
    font: SoundFont,
    zones: Sequence[Zone],
    strokes: Sequence[Stroke],
    samples: int,
    *,
    tuning: float = 0.0,
) -> np.ndarray:
    """Play strokes with the zones of one preset.

    Parameters
    ----------
    font : where the samples are
    zones : of one preset
    strokes : in the order of their starts
    samples : length N of the result
    tuning : semitones to add

    Returns
    -------
    wave : ndarray (2, N) float32
    """
    out = np.zeros((2, samples), np.float32)
    for (place, key, _), voices in _voices(zones, strokes).items():
        _play_voices(out, font, zones[place], key, tuning, voices)
    return out


def _voices(zones: Sequence[Zone], strokes: Sequence[Stroke]) -> dict[tuple, list[_Voice]]:
    """Voices by (place of the zone, key, samples held if the tone depends on them)."""
    groups: dict[tuple, list[_Voice]] = {}
    latest: dict[int, list[_Voice]] = {}  # by exclusive class
    sounding: dict[tuple[int, int], list[int]] = {}
    for start, end, key, velocity in strokes:
        if (key, velocity) not in sounding:
            sounding[key, velocity] = [
                place for place, zone in enumerate(zones) if zone.sounds(key, velocity)
            ][:_MOST_LAYERS]
        for place in sounding[key, velocity]:
            values = zones[place].values
            forced = values[sf.VELOCITY]
            voice = _Voice(start, end, velocity if forced < 0 else forced)
            held = end - start if values[sf.MODE] == 3 else None
            played = key if values[sf.KEY] < 0 else values[sf.KEY]
            groups.setdefault((place, played, held), []).append(voice)
            if values[sf.CLASS]:
                before = latest.get(values[sf.CLASS], [])
                for other in before:
                    if other.start < start:
                        other.cut = start
                same = [other for other in before if other.start == start]
                latest[values[sf.CLASS]] = [*same, voice]
    return groups


def _play_voices(
    out: np.ndarray, font: SoundFont, zone: Zone, key: int, tuning: float, voices: list[_Voice]
) -> None:
    """Add the voices of one zone and key to the sound (2, N)."""
    values, samples = zone.values, out.shape[1]
    release = max(seconds(values[sf.VOLUME + 5]), _SHORTEST_RELEASE)
    falling = falling_by_100_db(release, min(samples, round(release * SAMPLE_RATE)))
    longest = max(min(v.end + len(falling), samples) - v.start for v in voices)
    envelope = volume_envelope(values, key, longest)
    held = voices[0].end - voices[0].start
    tone = _tone(font, zone, key, tuning, len(envelope), held)
    loudness = 10.0 ** (-values[sf.ATTENUATION] / 200.0)
    left, right = np.sqrt(0.5 - values[sf.PAN] / 1000.0), np.sqrt(0.5 + values[sf.PAN] / 1000.0)
    for voice in voices:
        shape = _shape(voice, envelope[: min(len(tone), samples - voice.start)], falling)
        shape *= np.float32(loudness * (voice.velocity / 127.0) ** 2)  # 40 log10(127 / v) dB
        shape *= tone[: len(shape)]
        place = slice(voice.start, voice.start + len(shape))
        out[0, place] += np.float32(left) * shape
        out[1, place] += np.float32(right) * shape


def _shape(voice: _Voice, envelope: np.ndarray, falling: np.ndarray) -> np.ndarray:
    """The volume envelope of one voice, with its release."""
    held = max(voice.end - voice.start, 1)
    shape = envelope[: held + len(falling)].copy()
    if held < len(shape):
        level = shape[held - 1]
        np.multiply(falling[: len(shape) - held], level, out=shape[held:])
    if voice.cut is not None and voice.cut - voice.start < len(shape):
        tail = shape[voice.cut - voice.start :]
        steps = round(_SHORTEST_RELEASE * SAMPLE_RATE)
        tail[:steps] *= np.linspace(1.0, 0.0, steps, dtype=np.float32)[: len(tail)]
        shape = shape[: voice.cut - voice.start + steps]
    return shape


def _tone(
    font: SoundFont, zone: Zone, key: int, tuning: float, samples: int, held: int
) -> np.ndarray:
    """The sample at the pitch of a key, filtered: (at most samples,) float32."""
    values = zone.values
    cents = values[sf.SCALE] * (key - zone.root) + zone.correction + 100.0 * tuning
    cents += 100 * values[sf.COARSE_TUNE] + values[sf.FINE_TUNE]
    modulation = np.zeros(1)
    if values[sf.ENVELOPE_TO_PITCH] or values[sf.ENVELOPE_TO_CUTOFF]:
        modulation = modulation_envelope(values, key, samples)
    if values[sf.ENVELOPE_TO_PITCH]:
        moved = np.repeat(values[sf.ENVELOPE_TO_PITCH] * modulation, CONTROL)[:samples]
        positions = np.cumsum(_step(zone, cents + moved))
        positions -= positions[:1]
    else:
        positions = _step(zone, cents) * np.arange(samples)
    wave = _interpolate(font, zone, positions, held)
    cutoff = values[sf.CUTOFF] + values[sf.ENVELOPE_TO_CUTOFF] * modulation
    return low_pass(wave, cutoff, values[sf.RESONANCE] / 10.0)


def _step(zone: Zone, cents: float | np.ndarray) -> np.ndarray:
    """Samples of the file per sample of the sound, transposed by so many cents."""
    return zone.rate / SAMPLE_RATE * 2.0 ** (np.minimum(cents, _HIGHEST_CENTS) / 1200.0)


def _interpolate(font: SoundFont, zone: Zone, positions: np.ndarray, held: int) -> np.ndarray:
    """The sample at positions (n,) after its start: (at most n,) float32.

    A loop repeats, in mode 3 until `held` positions have passed. The result of a sample without a
    loop ends where the sample does. What a transposition upwards would bring above the Nyquist
    frequency is filtered out before.
    """
    step = positions[-1] / max(len(positions) - 1, 1) if len(positions) else 0.0
    sustained = zone.loops and zone.values[sf.MODE] == 1
    length = (zone.loop_end if sustained else zone.end) - zone.start
    stop = 0
    if zone.loops:
        stop = len(positions) if sustained else min(held, len(positions))
        positions = _wrapped(positions, zone, stop)
    if not sustained:
        positions = positions[: stop + int(np.searchsorted(positions[stop:], length - 1))]
    if not len(positions):
        return np.zeros(0, np.float32)
    half = _HALF_TAPS if step > 1.0 else 0
    length = min(length, int(positions.max()) + 3 + half)
    wave = font.read(zone.start, zone.start + length)
    before = np.repeat(wave[:1], 1 + half)
    after = np.zeros(3 + half, np.float32)
    if sustained:
        after = np.resize(wave[zone.loop_start - zone.start :], 3 + half)
    wave = np.concatenate([before, wave, after])
    if half:
        taps = firwin(2 * half + 1, 0.9 / step).astype(np.float32)
        wave = np.convolve(wave, taps, "valid")
    return cubic(wave, positions)


def _wrapped(positions: np.ndarray, zone: Zone, stop: int) -> np.ndarray:
    """Positions of which the first `stop` are taken back into the loop of the zone."""
    positions = positions.copy()
    end, period = zone.loop_end - zone.start, zone.loop_end - zone.loop_start
    first = int(np.searchsorted(positions[:stop], end))
    if first < stop:
        rounds = np.floor((positions[first:stop] - end) / period) + 1.0
        wrapped = positions[first:stop] - rounds * period
        positions[stop:] -= positions[stop - 1] - wrapped[-1]
        positions[first:stop] = wrapped
    return positions


def cubic(wave: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Catmull-Rom interpolation through 4 points.

    Parameters
    ----------
    wave : samples (M,) float32, of which the one at 1 has position 0
    positions : (n,) float64, from 0 to below M - 3

    Returns
    -------
    values : ndarray (n,) float32
    """
    out = np.empty(len(positions), np.float32)
    for start in range(0, len(positions), _BLOCK):
        here = positions[start : start + _BLOCK]
        index = here.astype(np.intp)
        x = (here - index).astype(np.float32)
        a, b, c, d = (wave[k:].take(index) for k in range(4))
        # b + x/2 (c - a + x (2a - 5b + 4c - d + x (3(b - c) + d - a)))
        inner = 3 * (b - c) + d - a
        inner *= x
        inner += 2 * a - 5 * b + 4 * c - d
        inner *= x
        inner += c - a
        inner *= x
        inner *= np.float32(0.5)
        np.add(inner, b, out=out[start : start + _BLOCK])
    return out


def low_pass(wave: np.ndarray, cutoff: np.ndarray, resonance: float) -> np.ndarray:
    """Two-pole low-pass filter whose cutoff may move.

    Parameters
    ----------
    wave : (N,) float32
    cutoff : at every 64th sample, in cents above 8.176 Hz; a single one stays
    resonance : height in dB of the peak at the cutoff; half of it is taken from the gain below

    Returns
    -------
    filtered : ndarray (N,) float32
    """
    hertz = _A_MINUS * 2.0 ** (cutoff / 1200.0)
    if not len(wave) or hertz.min() >= _HIGHEST_CUTOFF:
        return wave
    steps = np.round(cutoff / _CUTOFF_STEP)
    edges = np.flatnonzero(np.diff(steps)) + 1
    out, state = np.empty_like(wave), np.zeros(2)
    for first, last in zip([0, *edges], [*edges, len(steps)], strict=True):
        end = len(wave) if last == len(steps) else last * CONTROL
        part = slice(first * CONTROL, end)
        if part.start >= len(wave):
            break
        b, a = _biquad(min(hertz[first], _HIGHEST_CUTOFF), resonance)
        out[part], state = lfilter(b, a, wave[part], zi=state)
    return out


def _biquad(hertz: float, resonance: float) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of a low-pass filter by the bilinear transform; without resonance Butterworth's."""
    quality = 10.0 ** (resonance / 20.0) / np.sqrt(2.0)
    omega = 2.0 * np.pi * hertz / SAMPLE_RATE
    alpha, cosine = np.sin(omega) / (2.0 * quality), np.cos(omega)
    gain = 10.0 ** (-resonance / 40.0) * (1.0 - cosine) / 2.0
    return (
        np.array([gain, 2.0 * gain, gain]) / (1.0 + alpha),
        np.array([1.0, -2.0 * cosine / (1.0 + alpha), (1.0 - alpha) / (1.0 + alpha)]),
    )
