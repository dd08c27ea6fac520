"""SoundFont files (.sf2): presets, zones and samples, read without loading the samples.

An .sf2 file is a RIFF file: one chunk of 16-bit samples, and nine tables. A preset has zones, each
of which names an instrument; an instrument has zones, each of which names a sample; generators
(settings) of a preset's zone are added to those of the instrument's zone. Source: SoundFont
Technical Specification 2.04, sections 5 to 9. Modulators are not read. Taught in chapter 10.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np

from bassnb.errors import DataError

_NAME = ("name", "S20")
_BAG = np.dtype([("generator", "<u2"), ("modulator", "<u2")])
_GENERATOR = np.dtype([("number", "<u2"), ("amount", "<i2")])
_TABLES = {
    "phdr": np.dtype(
        [_NAME, ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("reserved", "<u4", 3)]
    ),
    "pbag": _BAG,
    "pgen": _GENERATOR,
    "inst": np.dtype([_NAME, ("bag", "<u2")]),
    "ibag": _BAG,
    "igen": _GENERATOR,
    "shdr": np.dtype(
        [
            *(_NAME, ("start", "<u4"), ("end", "<u4"), ("loop_start", "<u4"), ("loop_end", "<u4")),
            *(("rate", "<u4"), ("key", "u1"), ("correction", "i1"), ("link", "<u2")),
            ("kind", "<u2"),
        ]
    ),
}
# Generators that are used: number -> (default, lowest, highest), in units of the specification.
_TIME, _LONG = (-12000, -12000, 5000), (-12000, -12000, 8000)
_OFFSET, _PER_KEY = (0, -32768, 32767), (0, -1200, 1200)
START, END, LOOP_START, LOOP_END = 0, 1, 2, 3  # offsets in samples
COARSE = {START: 4, END: 12, LOOP_START: 45, LOOP_END: 50}  # the same in 32768 samples
ENVELOPE_TO_PITCH, CUTOFF, RESONANCE, ENVELOPE_TO_CUTOFF, PAN = 7, 8, 9, 11, 17
MODULATION, VOLUME = 25, 33  # delay; attack, hold, decay, sustain, release, two "per key" follow
INSTRUMENT, KEYS, VELOCITIES, KEY, VELOCITY, ATTENUATION = 41, 43, 44, 46, 47, 48
COARSE_TUNE, FINE_TUNE, SAMPLE, MODE, SCALE, CLASS, ROOT = 51, 52, 53, 54, 56, 57, 58
GENERATORS = {
    **dict.fromkeys([*COARSE, *COARSE.values()], _OFFSET),
    **dict.fromkeys([ENVELOPE_TO_PITCH, ENVELOPE_TO_CUTOFF], (0, -12000, 12000)),
    CUTOFF: (13500, 1500, 13500),
    RESONANCE: (0, 0, 960),
    PAN: (0, -500, 500),
    **{
        first + k: limits
        for first, sustain in ((MODULATION, 1000), (VOLUME, 1440))
        for k, limits in enumerate(
            (_TIME, _LONG, _TIME, _LONG, (0, 0, sustain), _LONG, _PER_KEY, _PER_KEY)
        )
    },
    KEY: (-1, -1, 127),
    VELOCITY: (-1, -1, 127),
    ATTENUATION: (0, 0, 1440),
    COARSE_TUNE: (0, -120, 120),
    FINE_TUNE: (0, -99, 99),
    MODE: (0, 0, 3),
    SCALE: (100, 0, 1200),
    CLASS: (0, 0, 127),
    ROOT: (-1, -1, 127),
}
_NOT_IN_PRESETS = {*COARSE, *COARSE.values(), KEY, VELOCITY, MODE, CLASS, ROOT}
_RATES = 400, 192_000  # Hz
_MOST_RECORDS = 1 << 16  # all indices have 16 bits
_MOST_ZONES = 1 << 14  # of one preset; large pianos have a few thousand
_ROM, _COMPRESSED = 0x8000, 0x10  # kinds of samples


@dataclass(frozen=True)
class Zone:
    """One sample, and how a range of keys and velocities plays it.

    Attributes
    ----------
    keys, velocities : lowest and highest
    start, end, loop_start, loop_end : positions in the file's samples; `loop_end` is after the loop
    rate : sample rate in Hz
    root : MIDI key at which the sample sounds as it was recorded
    correction : cents to add to its pitch
    values : every generator of `GENERATORS`, by number
    """

    keys: tuple[int, int]
    velocities: tuple[int, int]
    start: int
    end: int
    loop_start: int
    loop_end: int
    rate: int
    root: int
    correction: int
    values: Mapping[int, int]

    @property
    def loops(self) -> bool:
        """Whether there is a loop, and the zone plays it."""
        inside = self.start <= self.loop_start < self.loop_end <= self.end
        return bool(self.values[MODE] & 1) and inside

    def sounds(self, key: int, velocity: int) -> bool:
        """Whether a note of this key and velocity plays the zone."""
        (low, high), (soft, loud) = self.keys, self.velocities
        return low <= key <= high and soft <= velocity <= loud


class SoundFont:
    """The tables of an .sf2 file, checked; samples stay on the disk until they are asked for.

    Raises
    ------
    DataError
        If the file is missing, damaged, compressed (.sf3) or no SoundFont.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            with self.path.open("rb") as file:
                chunks = dict(_chunks(file, self.path.stat().st_size))
                self._refuse_unless("smpl" in chunks, "has no samples")
                self._samples_at, size = chunks["smpl"]
                self._samples = size // 2
                self._tables = {name: self._table(file, chunks, name) for name in _TABLES}
        except OSError as error:
            raise DataError(
                f"the SoundFont {path} is missing or cannot be read; give the path of an .sf2 file"
            ) from error
        for headers, bags, generators in (("phdr", "pbag", "pgen"), ("inst", "ibag", "igen")):
            self._check_order(headers, "bag", bags)
            self._check_order(bags, "generator", generators)
        self._refuse_unless(len(self._tables["phdr"]) > 1, "has no instrument")
        self._zones: dict[int, tuple[Zone, ...]] = {}  # by preset, once it was asked for

    def _refuse_unless(self, fine: bool, what: str) -> None:
        if not fine:
            raise DataError(
                f"{self.path} cannot be read as a SoundFont: it {what}; give an undamaged .sf2 file"
            )

    def _table(self, file: BinaryIO, chunks: Mapping[str, tuple[int, int]], name: str):
        self._refuse_unless(name in chunks, f"has no table {name}")
        (at, size), record = chunks[name], _TABLES[name]
        fine = 0 < size <= _MOST_RECORDS * record.itemsize and size % record.itemsize == 0
        self._refuse_unless(fine, f"has a table {name} of {size} bytes")
        file.seek(at)
        return np.frombuffer(file.read(size), record)

    def _check_order(self, table: str, field: str, other: str) -> None:
        """Refuse indices that fall, or leave the table to which they point."""
        index = self._tables[table][field].astype(int)
        fine = (np.diff(index) >= 0).all() and index[-1] < len(self._tables[other]) + 1
        self._refuse_unless(bool(fine), f"has a damaged table {table}")

    @cached_property
    def presets(self) -> dict[tuple[int, int], int]:
        """Places of the presets in their table by bank and program; drum kits are in bank 128."""
        headers = self._tables["phdr"][:-1]
        pairs = zip(headers["bank"].tolist(), headers["program"].tolist(), strict=True)
        places: dict[tuple[int, int], int] = {}
        for place, pair in enumerate(pairs):
            places.setdefault(pair, place)
        return places

    def zones(self, bank: int, program: int) -> tuple[Zone, ...]:
        """The zones of a preset, or of the first one of its bank, or of all banks."""
        first = min(self.presets, key=lambda pair: (pair[0] != bank, pair))
        place = self.presets.get((bank, program), self.presets[first])
        if place not in self._zones:
            self._zones[place] = tuple(self._zones_of(place))
        return self._zones[place]

    def _zones_of(self, place: int) -> Iterator[Zone]:
        """Every zone of the instruments of the preset at a place of its table."""
        instruments: dict[int, list[dict[int, int]]] = {}
        pairs = 0
        for preset in self._local_zones(place, "p"):
            number = preset[INSTRUMENT] & 0xFFFF
            there = number < len(self._tables["inst"]) - 1
            self._refuse_unless(there, "names an instrument that is not there")
            if number not in instruments:
                instruments[number] = list(self._local_zones(number, "i"))
            pairs += len(instruments[number])
            self._refuse_unless(pairs <= _MOST_ZONES, "has an instrument of too many zones")
            zones = (self._zone(preset, instrument) for instrument in instruments[number])
            yield from (zone for zone in zones if zone is not None)

    def _local_zones(self, place: int, of: str) -> Iterator[dict[int, int]]:
        """Generators of each zone of a preset ("p") or instrument ("i") by number, with those of
        its global zone, which has neither an instrument nor a sample.
        """
        headers = self._tables["phdr" if of == "p" else "inst"]["bag"]
        starts, generators = self._tables[of + "bag"]["generator"], self._tables[of + "gen"]
        inherited: dict[int, int] = {}
        for bag in range(headers[place], min(headers[place + 1], len(starts) - 1)):
            records = generators[starts[bag] : starts[bag + 1]]
            own = dict(zip(records["number"].tolist(), records["amount"].tolist(), strict=True))
            if (INSTRUMENT if of == "p" else SAMPLE) in own:
                yield inherited | own
            elif bag == headers[place]:
                inherited = own

    def _zone(self, preset: Mapping[int, int], instrument: Mapping[int, int]) -> Zone | None:
        """The zone of a preset's and an instrument's generators; None if no note can play it."""
        keys, velocities = (
            _overlap(preset.get(number, 127 << 8), instrument.get(number, 127 << 8))
            for number in (KEYS, VELOCITIES)
        )
        place, headers = instrument[SAMPLE] & 0xFFFF, self._tables["shdr"]
        self._refuse_unless(place < len(headers) - 1, "names a sample that is not there")
        sample = headers[place]
        kind = int(sample["kind"])
        self._refuse_unless(not kind & _COMPRESSED, "is compressed (.sf3)")
        if kind & _ROM or keys[0] > keys[1] or velocities[0] > velocities[1]:
            return None
        values = {}
        for number, (default, low, high) in GENERATORS.items():
            added = 0 if number in _NOT_IN_PRESETS else preset.get(number, 0)
            values[number] = min(max(instrument.get(number, default) + added, low), high)
        places = {
            name: int(sample[name]) + values[fine] + 32768 * values[COARSE[fine]]
            for name, fine in zip(("start", "end", "loop_start", "loop_end"), COARSE, strict=True)
        }
        rate, key = int(sample["rate"]), int(sample["key"])
        inside = 0 <= places["start"] < places["end"] <= self._samples
        self._refuse_unless(inside, "lacks some of its samples")
        self._refuse_unless(_RATES[0] <= rate <= _RATES[1], f"has a sample rate of {rate} Hz")
        root = values[ROOT] if values[ROOT] >= 0 else key if key <= 127 else 60
        return Zone(
            keys,
            velocities,
            **places,
            rate=rate,
            root=root,
            correction=int(sample["correction"]),
            values=values,
        )

    def read(self, start: int, end: int) -> np.ndarray:
        """Samples (end - start,) float32 in [-1, 1)."""
        try:
            wave = np.fromfile(self.path, "<i2", end - start, offset=self._samples_at + 2 * start)
        except OSError:
            wave = np.empty(0, "<i2")
        self._refuse_unless(len(wave) == end - start, "became shorter while it was played")
        return wave.astype(np.float32) / np.float32(32768)


def _chunks(file: BinaryIO, size: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Names of the chunks in the lists of a RIFF file, and (position, size) of their contents."""
    path = file.name
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise DataError(f"{path} cannot be read as a SoundFont; give the path of an .sf2 file")
    here = 12
    while here + 8 <= size:
        file.seek(here)
        head = file.read(12)
        name, length = head[:4], int.from_bytes(head[4:8], "little")
        if name == b"LIST":  # what a list contains follows its name
            here += 12
            continue
        if here + 8 + length > size:
            raise DataError(f"{path} is incomplete; give an undamaged .sf2 file")
        if name.decode("latin-1") in ("smpl", *_TABLES):
            yield name.decode("latin-1"), (here + 8, length)
        here += 8 + length + length % 2


def _overlap(first: int, second: int) -> tuple[int, int]:
    """Lowest and highest value of two ranges, each with the lowest in its lower byte."""
    return max(first & 255, second & 255), min(first >> 8 & 255, second >> 8 & 255)


def open_soundfont(path: str | Path) -> SoundFont:
    """A SoundFont, kept in memory without its samples until the file changes."""
    path = Path(path)
    try:
        state = path.stat()
    except OSError as error:
        raise DataError(
            f"the SoundFont {path} is missing; give the path of an .sf2 file"
        ) from error
    return _open(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4)
def _open(path: Path, size: int, changed: int) -> SoundFont:
    return SoundFont(path)
