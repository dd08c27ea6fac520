"""The chords or the key to play to, from the settings to the input of the network.

How loud the pad has to be was measured on six composed songs of validation (12 steps of dpm++,
guidance 6): chord tones and roots of the wanted chords, and the onsets that a louder pad costs.

=============  ===========  =====================  ============
above the mix  drums alone  a mix of other chords  onsets there
=============  ===========  =====================  ============
no pad         23 / 12 %    23 / 8 %               0.68
3 dB           94 / 91 %    80 / 70 %              0.56
6 dB           92 / 91 %    89 / 80 %              0.55
9 dB           92 / 91 %    94 / 91 %              0.52
=============  ===========  =====================  ============

Taught in chapter 11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bassnb.control.beats import Beats, beats_of
from bassnb.control.key import Key, chord_of_scale, parse_key
from bassnb.control.midi_chords import in_own_time, read_midi_chords
from bassnb.control.pad import with_pad
from bassnb.control.progression import (
    LABELS,
    MIDI,
    Placed,
    Span,
    chord_file,
    merged,
    on_beats,
    placed_of_text,
    read_labels,
    read_text,
)
from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE
from bassnb.settings import ControlSettings
from bassnb.tracks import Track

CHORD_LEVEL = 6.0  # dB above the mix, where none is set


@dataclass(frozen=True)
class Wish:
    """Chords that were read but not yet laid on a song: one of the four is there.

    Attributes
    ----------
    bars : chords with their lengths in bars
    spans : chords at times of the song
    midi : chords with their lengths in beats, and the beats of their file
    key : one scale for the whole song
    """

    bars: Sequence[Placed] = ()
    spans: Sequence[Span] = ()
    midi: tuple[Sequence[Placed], Beats] | None = None
    key: Key | None = None

    @classmethod
    def of(cls, control: ControlSettings) -> Wish | None:
        """What the settings ask for, read and checked; None if neither chords nor a key.

        Raises
        ------
        DataError
            If the chords or the key cannot be read.
        BassnbError
            If settings exclude each other, or one of them does nothing.
        """
        _check(control)
        if control.key is not None:
            return cls(key=parse_key(control.key))
        if control.chords is None:
            return None
        if not chord_file(control.chords):
            return cls(bars=placed_of_text(control.chords, control.bars_per_chord))
        path = control.chords
        if Path(path).suffix.lower() in LABELS:
            return cls(spans=read_labels(path))
        if Path(path).suffix.lower() in MIDI:
            return cls(midi=read_midi_chords(path))
        return cls(bars=placed_of_text(read_text(path), control.bars_per_chord, path))

    def on(self, track: Track, control: ControlSettings) -> tuple[list[Span], dict]:
        """The chords in seconds of a mix, and what was found out about its beats.

        Chords in bars are laid on the beats of the mix and repeated to its end. Those of a MIDI
        file are laid on the beats of a given tempo, otherwise they keep the time of their file.
        """
        seconds = track.length / SAMPLE_RATE
        if self.key is not None:
            return [Span(0.0, seconds, chord_of_scale(self.key))], {}
        if self.spans:
            return list(self.spans), {}
        if self.midi is not None and control.tempo is None:
            return in_own_time(*self.midi, seconds), {}
        beats = beats_of(control, track)
        if self.midi is not None:
            return on_beats(self.midi[0], beats, seconds, unit=1), beats.facts
        return on_beats(self.bars, beats, seconds, unit=beats.beats_per_bar), beats.facts


def mix_with_pad(
    wish: Wish, control: ControlSettings, track: Track, at_440: Track
) -> tuple[Track, dict]:
    """The input of the network, a mix with the pad of the wish, and facts for the settings.

    Parameters
    ----------
    track : the mix as it is, on whose clock the chords are
    at_440 : the same at A = 440 Hz, to which the pad is added
    """
    spans, facts = wish.on(track, control)
    stretch = at_440.length / track.length
    pad = [Span(s.start * stretch, s.end * stretch, s.chord) for s in merged(spans)]
    level = CHORD_LEVEL if control.chord_level is None else control.chord_level
    return with_pad(at_440, pad, level), {**facts, "chord_level": level}


def _check(control: ControlSettings) -> None:
    if control.chords is not None and control.key is not None:
        raise BassnbError("chords and a key are two wishes for one harmony; give one of them")
    if control.chord_level is not None and control.chords is None and control.key is None:
        raise BassnbError("chord_level is the level of chords or of a key; give one of them")
    if control.bars_per_chord is not None:
        if control.chords is None:
            raise BassnbError("bars_per_chord is the length of chords; give chords")
        if chord_file(control.chords) and Path(control.chords).suffix.lower() in (*LABELS, *MIDI):
            raise BassnbError(
                f"{control.chords} says how long its chords last; leave bars_per_chord away"
            )
