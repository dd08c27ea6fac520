"""The pad: the right tones at the right times and level, without seams, and through the rests of the mix."""

import numpy as np
import pytest
import torch

from bassnb.control.chords import NO_CHORD, parse_chord
from bassnb.control.pad import BLOCK, FADE, pad_blocks, play_tones, tones_of, with_pad
from bassnb.control.progression import Span
from bassnb.level import measure
from bassnb.presets import SAMPLE_RATE
from bassnb.tracks import Track


def spans(*chords, seconds=2.0):
    return [
        Span(i * seconds, (i + 1) * seconds, NO_CHORD if c is None else parse_chord(c))
        for i, c in enumerate(chords)
    ]


def pitch_classes(wave):
    """Energy of the pitch classes by the nearest bins, below 1 kHz."""
    power = torch.fft.rfft(wave.mean(0).double()).abs().numpy() ** 2
    hertz = np.arange(len(power)) * SAMPLE_RATE / wave.shape[-1]
    used = (hertz > 100) & (hertz < 1000)
    midi = np.round(69 + 12 * np.log2(hertz[used] / 440)).astype(int) % 12
    return np.bincount(midi, weights=power[used], minlength=12)


def test_the_tones_of_each_chord_sound_in_its_time():
    tones = tones_of(spans("Am", "F#m7b5"))
    for start, chord in ((0, "Am"), (2, "F#m7b5")):
        wave = play_tones(tones, round((start + 0.2) * SAMPLE_RATE), (start + 2) * SAMPLE_RATE)
        energy, wanted = pitch_classes(wave), parse_chord(chord).pitch_classes
        assert set(np.argsort(energy)[-len(wanted) :]) == wanted


def test_blocks_are_the_whole():
    tones = tones_of(spans("C", "Am"))
    length = 4 * SAMPLE_RATE
    blocks = list(pad_blocks(tones, length))
    assert len(blocks) > 1 and blocks[0].shape == (2, BLOCK)
    assert torch.allclose(torch.cat(blocks, -1), play_tones(tones, 0, length), atol=1e-6)


def test_common_tones_are_held_and_nothing_jumps():
    tones = tones_of(spans("C", "Am"))
    held = [tone.pitch % 12 for tone in tones if tone.end - tone.start == 4 * SAMPLE_RATE]
    assert set(held) == {0, 4}
    wave = play_tones(tones, 0, 4 * SAMPLE_RATE)[0]
    jumps = wave.diff().abs()
    border, around = 2 * SAMPLE_RATE, round(2 * FADE * SAMPLE_RATE)
    assert jumps[border - around : border + around].max() < 1.3 * jumps[: border - around].max()


def test_the_chord_of_nothing_is_silent():
    tones = tones_of(spans("C", None, "C"))
    assert play_tones(tones, round(2.1 * SAMPLE_RATE), 4 * SAMPLE_RATE).abs().max() == 0


@pytest.mark.parametrize("level_db", [-6.0, 0.0, 9.0])
def test_the_level_is_relative_to_the_mix(level_db):
    mix = 0.01 * torch.randn(2, 4 * SAMPLE_RATE, generator=torch.Generator().manual_seed(0))
    track = Track.of(lambda: [mix])
    heard = with_pad(track, spans("C", "F"), level_db)
    pad = torch.cat(list(heard.blocks()), -1) - mix
    assert heard.length == track.length
    ratio = 20 * np.log10(measure([pad]).level / track.level)
    assert ratio == pytest.approx(level_db, abs=1.0)


def test_the_pad_sounds_through_the_rests_of_the_mix():
    mix = 0.1 * torch.randn(2, 12 * SAMPLE_RATE, generator=torch.Generator().manual_seed(0))
    mix[:, 4 * SAMPLE_RATE : 8 * SAMPLE_RATE] = 0
    track = Track.of(lambda: [mix])
    heard = with_pad(track, [Span(0, 12, parse_chord("C"))], 0.0)
    rest = torch.cat(list(heard.blocks()), -1)[:, 5 * SAMPLE_RATE : 7 * SAMPLE_RATE]
    assert set(np.argsort(pitch_classes(rest))[-3:]) == {0, 4, 7}
    assert heard.sounding.all() and not track.sounding.all()
