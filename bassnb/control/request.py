"""What a call of the accompanist asks for, checked before any audio is read."""

from __future__ import annotations

from dataclasses import dataclass

from bassnb.control.beats import beats_of
from bassnb.control.count_in import count_in
from bassnb.control.density import density_of
from bassnb.control.keep import Kept
from bassnb.control.line import line_track
from bassnb.control.regions import Region, regions_of
from bassnb.control.wish import Wish, mix_with_pad
from bassnb.errors import BassnbError
from bassnb.settings import ControlSettings, TakeSettings, chosen, number_of_takes
from bassnb.sources import name_of
from bassnb.tracks import Lead, Track
from bassnb.tuning import Tuning, given_cents

FREEDOM = 0.5  # with a line, where none is given: results/control.json


@dataclass(frozen=True)
class Request:
    """What a call asks for.

    Attributes
    ----------
    seeds : one of each take
    take : how it is sampled
    cents : tuning of the mix; None to estimate it
    control : what the player decides
    wish : the chords or the key to play to
    density : -1 (sparse) to 1 (busy); 0 changes nothing
    """

    seeds: range
    take: TakeSettings
    cents: float | None
    control: ControlSettings
    wish: Wish | None
    density: float = 0.0

    @classmethod
    def of(cls, count, settings: dict) -> Request:
        """Of a number of takes, and fields of `TakeSettings` and `ControlSettings`.

        Raises
        ------
        BassnbError
            If a setting is unknown, out of its range, or useless without another one, or the chords
            cannot be read.
        """
        count = number_of_takes(count)
        take, control = chosen(settings, TakeSettings, ControlSettings)
        check(control)
        seeds = range(take.seed, take.seed + count)
        density = density_of(control.density)
        return cls(seeds, take, given_cents(take.tuning), control, Wish.of(control), density)

    @property
    def candidates(self) -> list[range]:
        """The seeds of each take: one, or all of which the best is kept."""
        several, first = self.control.best_of or 1, self.take.seed
        return [
            range(first + i * several, first + (i + 1) * several) for i in range(len(self.seeds))
        ]

    @property
    def freedom(self) -> float:
        """How far from the line a take may be; 1 without a line."""
        if self.control.line is None:
            return 1.0
        return FREEDOM if self.control.freedom is None else self.control.freedom

    @property
    def facts(self) -> dict:
        """What is set of the control, for the settings of a take."""
        given = vars(self.control).items()
        set_ = {name: value for name, value in given if value is not None and value is not False}
        for source in ("keep", "line"):
            if getattr(self.control, source) is not None:
                set_[source] = name_of(getattr(self.control, source))
        if isinstance(self.control.region, tuple):
            set_["region"] = list(self.control.region)
        return {**set_, "freedom": self.freedom} if "line" in set_ else set_

    def kept(self, sample_rate: float, autoencoder: str) -> Kept | None:
        """The take of which a part is kept, if there is one; see `bassnb.control.keep.Kept.of`."""
        keep = self.control.keep
        return None if keep is None else Kept.of(keep, sample_rate, autoencoder)

    def line(self, mix: Track, tuned: Tuning, sample_rate: float) -> Track | None:
        """The player's own line at 440 Hz, if there is one; see `bassnb.control.line`."""
        if self.control.line is None:
            return None
        return tuned.to_440(line_track(self.control.line, sample_rate, mix, tuned.cents))

    def regions(self, mix: Track) -> list[Region]:
        """The regions that are to be played again, in seconds.

        Raises
        ------
        BassnbError
            If they count bars, and the tempo is not given, or there is no such bar.
        """
        asked = regions_of(self.control.region)
        bars = beats_of(self.control, mix).bar_time if self.control.tempo else None
        return [region.in_seconds(bars) for region in asked]

    def lead(self, mix: Track) -> Lead | None:
        """The clicks before a mix, if a count-in is wanted."""
        if not self.control.count_in:
            return None
        return count_in(beats_of(self.control, mix), self.control.count_in, min(1.0, mix.peak))

    def network_input(self, track: Track, at_440: Track) -> tuple[Track, dict]:
        """The mix that is encoded, with the chords that are asked for; and facts about them.

        Parameters
        ----------
        track, at_440 : the mix as it is, and at A = 440 Hz
        """
        return mix_with_pad(self.wish, self.control, track, at_440) if self.wish else (at_440, {})


def check(control: ControlSettings) -> None:
    """Refuse settings that do nothing without another one, or exclude each other.

    Raises
    ------
    BassnbError
    """
    regions_of(control.region)
    if control.region is not None and control.keep is None:
        raise BassnbError("a region needs the take that is kept around it; give keep")
    if control.freedom is not None and control.line is None:
        raise BassnbError("freedom is measured from a line of your own; give line")
    if control.loop and control.keep is not None:
        raise BassnbError("a loop is played as a whole; leave keep or loop away")
