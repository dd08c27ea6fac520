"""Tiny valid SoundFonts, written chunk by chunk."""

import struct
from pathlib import Path

import numpy as np

from bassnb.composer import soundfont as sf

RATE = 44100
PERIOD = 100  # samples of one period of the sine: 441 Hz
ROOT = 69
CORRECTION = -4  # cents; 441 Hz is 3.93 cents above A4


def chunk(name: str, data: bytes) -> bytes:
    return name.encode() + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def sine(periods: int = 20) -> np.ndarray:
    """Whole periods of 441 Hz, int16."""
    return np.round(20000 * np.sin(2 * np.pi * np.arange(periods * PERIOD) / PERIOD)).astype("<i2")


def span(low: int, high: int) -> int:
    """A range of keys or velocities as the amount of a generator."""
    return low | high << 8


def _tables(owners: list[list[dict[int, int]]]) -> tuple[list[int], bytes, bytes]:
    """First bags of presets or instruments, and the tables of their bags and generators."""
    firsts, bags, generators = [], [], []
    for zones in [*owners, [{}]]:
        firsts.append(len(bags))
        for zone in zones:
            bags.append(struct.pack("<HH", len(generators), 0))
            generators += [struct.pack("<HH", n, amount & 0xFFFF) for n, amount in zone.items()]
    generators.append(bytes(4))
    return firsts, b"".join(bags), b"".join(generators)


def write_soundfont(
    path: Path,
    zones: list[dict[int, int]],
    *,
    preset: list[dict[int, int]] | None = None,
    wave: np.ndarray | None = None,
    bank: int = 0,
    program: int = 0,
    **sample: int,
) -> Path:
    """One preset that plays one instrument.

    Parameters
    ----------
    path : where to write
    zones : generators of the zones of the instrument; one without `SAMPLE` first is global
    preset : generators of the zones of the preset
    wave : the samples, a sine of 441 Hz if None
    sample : fields of its header that differ
    """
    wave = sine() if wave is None else wave
    header = {
        **{"start": 0, "end": len(wave), "loop_start": 5 * PERIOD, "loop_end": 10 * PERIOD},
        **{"rate": RATE, "key": ROOT, "correction": CORRECTION, "link": 0, "kind": 1},
        **sample,
    }
    presets, pbag, pgen = _tables([preset or [{sf.INSTRUMENT: 0}]])
    instruments, ibag, igen = _tables([zones])
    phdr = struct.pack("<20sHHHIII", b"tiny", program, bank, presets[0], 0, 0, 0)
    phdr += struct.pack("<20sHHHIII", b"EOP", 0, 0, presets[1], 0, 0, 0)
    inst = b"".join(struct.pack("<20sH", b"tiny", first) for first in instruments)
    shdr = struct.pack("<20sIIIIIBbHH", b"sine", *header.values()) + bytes(46)
    tables = {"phdr": phdr, "pbag": pbag, "pmod": bytes(10), "pgen": pgen, "inst": inst}
    tables |= {"ibag": ibag, "imod": bytes(10), "igen": igen, "shdr": shdr}
    lists = [
        b"INFO" + chunk("ifil", struct.pack("<HH", 2, 4)) + chunk("INAM", b"tiny\0\0"),
        b"sdta" + chunk("smpl", wave.tobytes() + bytes(92)),
        b"pdta" + b"".join(chunk(name, data) for name, data in tables.items()),
    ]
    path.write_bytes(chunk("RIFF", b"sfbk" + b"".join(chunk("LIST", data) for data in lists)))
    return path
