"""SoundFont files: inheritance of generators, ranges, and files that are damaged."""

import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bassnb.composer import soundfont as sf
from bassnb.composer.score import Note
from bassnb.composer.soundfont import SoundFont, open_soundfont
from bassnb.composer.synth import play
from bassnb.errors import DataError
from tests.composer.tiny_soundfont import CORRECTION, RATE, ROOT, sine, span, write_soundfont

PLAIN = {sf.MODE: 1, sf.SAMPLE: 0}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tiny.sf2"


def only_zone(*args, **kwargs):
    (zone,) = SoundFont(write_soundfont(*args, **kwargs)).zones(0, 0)
    return zone


def test_a_plain_zone_has_the_sample_and_the_defaults(path):
    zone = only_zone(path, [PLAIN])
    assert (zone.rate, zone.root, zone.correction) == (RATE, ROOT, CORRECTION)
    assert (zone.start, zone.end, zone.loop_start, zone.loop_end) == (0, 2000, 500, 1000)
    assert zone.keys == zone.velocities == (0, 127) and zone.loops
    expected = {number: default for number, (default, *_) in sf.GENERATORS.items()}
    assert zone.values == expected | {sf.MODE: 1}


def test_a_zone_overrides_its_global_zone_and_the_preset_adds(path):
    instrument = [{sf.ATTENUATION: 100, sf.PAN: -200}, {sf.ATTENUATION: 30, **PLAIN}]
    preset = [{sf.ATTENUATION: 500, sf.PAN: 50}, {sf.ATTENUATION: 7, sf.INSTRUMENT: 0}]
    zone = only_zone(path, instrument, preset=preset)
    assert zone.values[sf.ATTENUATION] == 30 + 7
    assert zone.values[sf.PAN] == -200 + 50


def test_sums_stay_within_the_limits_of_the_specification(path):
    zone = only_zone(
        path, [{sf.PAN: 400, **PLAIN}], preset=[{sf.PAN: 400, sf.MODE: 3, sf.INSTRUMENT: 0}]
    )
    assert zone.values[sf.PAN] == 500
    assert zone.values[sf.MODE] == 1  # a preset cannot change it


def test_ranges_of_preset_and_instrument_overlap(path):
    instrument = [
        {sf.KEYS: span(40, 60), sf.VELOCITIES: span(0, 63), **PLAIN},
        {sf.KEYS: span(80, 90), **PLAIN},
    ]
    zone = only_zone(path, instrument, preset=[{sf.KEYS: span(50, 70), sf.INSTRUMENT: 0}])
    assert zone.keys == (50, 60) and zone.velocities == (0, 63)
    assert zone.sounds(50, 63) and zone.sounds(60, 1)
    assert not zone.sounds(49, 1) and not zone.sounds(61, 1) and not zone.sounds(55, 64)


def test_offsets_move_the_sample_and_its_loop(path):
    offsets = {sf.START: 10, sf.END: -20, sf.LOOP_START: 3, sf.LOOP_END: -4}
    zone = only_zone(path, [offsets | PLAIN])
    assert (zone.start, zone.end, zone.loop_start, zone.loop_end) == (10, 1980, 503, 996)
    coarse = {sf.COARSE[sf.START]: 1, sf.COARSE[sf.END]: -1}
    zone = only_zone(path, [coarse | PLAIN], wave=sine(1000))
    assert (zone.start, zone.end) == (32768, 100_000 - 32768)


def test_a_root_key_of_the_zone_replaces_that_of_the_sample(path):
    assert only_zone(path, [{sf.ROOT: 50, **PLAIN}]).root == 50
    assert only_zone(path, [PLAIN], key=255).root == 60  # a sample without pitch


def test_a_loop_outside_the_sample_is_not_played(path):
    assert not only_zone(path, [PLAIN], loop_end=2001).loops
    assert not only_zone(path, [PLAIN], loop_start=1000).loops
    assert not only_zone(path, [{sf.SAMPLE: 0}]).loops


def test_missing_instruments_are_replaced_by_the_first_of_the_bank_or_file(path):
    font = SoundFont(write_soundfont(path, [PLAIN], bank=3, program=5))
    assert font.zones(3, 5) == font.zones(3, 9) == font.zones(128, 0) != ()


def test_samples_in_a_rom_are_left_out(path):
    assert SoundFont(write_soundfont(path, [PLAIN], kind=0x8001)).zones(0, 0) == ()


def test_samples_are_read_from_their_place_only(path):
    font = SoundFont(write_soundfont(path, [PLAIN]))
    np.testing.assert_array_equal(font.read(100, 300), sine()[100:300] / np.float32(32768))


def test_a_large_file_opens_without_its_samples(path):
    """150 MB of samples, of which the file system stores none."""
    data = write_soundfont(path, [PLAIN]).read_bytes()
    at, extra = data.index(b"smpl"), 150_000_000
    (size,) = struct.unpack("<I", data[at + 4 : at + 8])
    with path.open("wb") as file:
        file.write(data[: at - 8] + struct.pack("<I", size + 12 + extra) + b"sdta")
        file.write(b"smpl" + struct.pack("<I", size + extra) + data[at + 8 : at + 8 + size])
        file.seek(extra, 1)
        file.write(data[at + 8 + size :])
    tracemalloc.start()
    wave = play([Note(0.0, 0.1, ROOT, 100)], 0, RATE, soundfont=str(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.abs(wave).max() > 0.1 and peak < 20_000_000


def test_a_changed_file_is_read_again(path):
    write_soundfont(path, [PLAIN])
    before = open_soundfont(path)
    assert open_soundfont(path) is before
    write_soundfont(path, [PLAIN, PLAIN])
    assert len(open_soundfont(path).zones(0, 0)) == 2


def test_missing_compressed_and_foreign_files_are_refused(path):
    with pytest.raises(DataError, match="tiny.sf2 is missing"):
        open_soundfont(path)
    write_soundfont(path, [PLAIN], kind=0x11)
    with pytest.raises(DataError, match="compressed"):
        open_soundfont(path).zones(0, 0)
    path.write_bytes(b"not a SoundFont")
    with pytest.raises(DataError, match="tiny.sf2 cannot be read as a SoundFont"):
        open_soundfont(path)
    with pytest.raises(DataError, match="cannot be read"):
        open_soundfont(path.parent)


@pytest.mark.parametrize(
    "fault",
    [{"rate": 0}, {"rate": 1 << 31}, {"end": 1 << 31}, {"start": 2000}],
    ids=str,
)
def test_damaged_samples_are_refused(path, fault):
    write_soundfont(path, [PLAIN], **fault)
    with pytest.raises(DataError, match="tiny.sf2"):
        open_soundfont(path).zones(0, 0)


def test_indices_outside_their_tables_are_refused(path):
    write_soundfont(path, [{sf.SAMPLE: 1}])
    with pytest.raises(DataError, match="sample that is not there"):
        open_soundfont(path).zones(0, 0)
    write_soundfont(path, [PLAIN], preset=[{sf.INSTRUMENT: 1}])
    with pytest.raises(DataError, match="instrument that is not there"):
        open_soundfont(path).zones(0, 0)


def test_more_zones_than_any_instrument_has_are_refused(path):
    write_soundfont(path, [PLAIN] * 1000, preset=[{sf.INSTRUMENT: 0}] * 1000)
    with pytest.raises(DataError, match="too many zones"):
        open_soundfont(path).zones(0, 0)


def sounds_or_is_refused(path):
    """Whether the file can be played; the only error that it may raise is a DataError."""
    sf._open.cache_clear()  # two files may come within one tick of the file system's clock
    notes = [Note(0.0, 0.02, ROOT, 100), Note(0.01, 0.02, 30, 90)]
    try:
        wave = play(notes, 0, 2000, soundfont=str(path))
    except DataError as error:
        assert "tiny.sf2" in str(error)
        return False
    assert wave.shape == (2, 2000) and np.isfinite(wave).all()
    return True


def test_every_truncation_is_refused(path):
    data = write_soundfont(path, [PLAIN], wave=sine(10)).read_bytes()
    assert sounds_or_is_refused(path)
    tables = data.index(b"pdta") - 8
    for length in [*range(0, tables, 97), *range(tables, len(data))]:
        path.write_bytes(data[:length])
        assert not sounds_or_is_refused(path), length


@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6),
    st.booleans(),
)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_random_bytes_sound_or_are_refused(path, changes, everywhere):
    data = bytearray(write_soundfont(path, [{sf.PAN: 5}, PLAIN], wave=sine(10)).read_bytes())
    first = 0 if everywhere else data.index(b"pdta")
    for place, value in changes:
        data[first + place % (len(data) - first)] = value
    path.write_bytes(data)
    sounds_or_is_refused(path)
