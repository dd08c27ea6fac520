"""What a call of the accompanist asks for, checked before any audio is read. Taught in chapter 11."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bassnb.control.regions import Region, regions_of
from bassnb.errors import BassnbError
from bassnb.presets import SAMPLE_RATE
from bassnb.settings import ControlSettings, TakeSettings, chosen, number_of_takes
from bassnb.sources import name_of
from bassnb.tracks import Track
from bassnb.tuning import given_cents

FREEDOM = 0.6  # with a line, where none is given


@dataclass(frozen=True)
class Request:
    """What a call asks for.

    Attributes
    ----------
    seeds : one of each take
    take : how it is sampled
    cents : tuning of the mix; None to estimate it
    control : what the player decides
    """

    seeds: range
    take: TakeSettings
    cents: float | None
    control: ControlSettings

    @classmethod
    def of(cls, count, settings: dict) -> Request:
        """Of a number of takes, and fields of `TakeSettings` and `ControlSettings`.

        Raises
        ------
        BassnbError
            If a setting is unknown, out of its range, or useless without another one.
        """
        count = number_of_takes(count)
        take, control = chosen(settings, TakeSettings, ControlSettings)
        check(control)
        seeds = range(take.seed, take.seed + count)
        return cls(seeds, take, given_cents(take.tuning), control)

    @property
    def freedom(self) -> float:
        """How far from the line a take may be; 1 without a line."""
        if self.control.line is None:
            return 1.0
        return FREEDOM if self.control.freedom is None else self.control.freedom

    @property
    def facts(self) -> dict:
        """What is set of the control, for the settings of a take."""
        set_ = {name: value for name, value in vars(self.control).items() if value}
        for source in ("keep", "line"):
            if getattr(self.control, source) is not None:
                set_[source] = name_of(getattr(self.control, source))
        if isinstance(self.control.region, tuple):
            set_["region"] = list(self.control.region)
        return {**set_, "freedom": self.freedom} if "line" in set_ else set_

    def regions(self, mix: Track) -> list[Region]:
        """The regions that are to be played again, in seconds.

        Raises
        ------
        BassnbError
            If they count bars, and the tempo is not given, or there is no such bar.
        """
        bars = self._bar_start(mix.length / SAMPLE_RATE)
        return [region.in_seconds(bars) for region in regions_of(self.control.region)]

    def _bar_start(self, seconds: float) -> Callable[[int], float] | None:
        return None


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
