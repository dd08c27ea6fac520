"""Worlds: which there are, and what the caches of their songs are called."""

import pytest

from bassnb.composer.world import DEFAULT, SOUNDFONT, WIDE, World
from bassnb.errors import DataError


def test_a_label_changes_with_the_world_and_its_soundfonts(tmp_path):
    (tmp_path / "one.sf2").write_bytes(b"0")
    (tmp_path / "two.sf2").write_bytes(b"00")
    worlds = [
        SOUNDFONT,
        WIDE,
        *(World("wide", (str(tmp_path / f"{n}.sf2"),)) for n in ("one", "two")),
    ]
    assert len({world.label for world in worlds}) == 4
    assert SOUNDFONT.facts() == {} and WIDE.facts() == {"world": WIDE.label}
    assert DEFAULT in (SOUNDFONT, WIDE)


def test_what_is_no_world_is_refused(tmp_path):
    with pytest.raises(DataError, match="'narrow'.* soundfont, wide"):
        World("narrow")
    with pytest.raises(DataError, match="no SoundFont .*none.sf2"):
        World("wide", (str(tmp_path / "none.sf2"),))
    (tmp_path / "one.sf2").write_bytes(b"0")
    with pytest.raises(DataError, match="'soundfont'.*--soundfont"):
        World("soundfont", (str(tmp_path / "one.sf2"),))
