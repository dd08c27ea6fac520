"""Under a name lies the old file or the new one; tests/robustness/test_writes.py kills and starves
the writers.
"""

import os
import time

import pytest

from bassnb.files import (
    ABANDONED,
    name_bytes,
    read_bytes,
    remove_unfinished,
    whole_file,
    write_atomically,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_until_the_end_of_the_block_readers_find_the_old_file(tmp_path):
    path = write_atomically(tmp_path / "a.txt", b"old")
    with whole_file(path) as unfinished:
        unfinished.write_bytes(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new" and names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("before", [b"old", None])
def test_a_block_that_fails_changes_nothing(before, tmp_path):
    path = tmp_path / "a.txt"
    if before is not None:
        path.write_bytes(before)
    with pytest.raises(KeyboardInterrupt), whole_file(path) as unfinished:
        unfinished.write_bytes(b"half")
        raise KeyboardInterrupt
    assert names(tmp_path) == (["a.txt"] if before else [])
    assert before is None or path.read_bytes() == before


def test_folders_that_are_missing_are_made(tmp_path):
    assert write_atomically(tmp_path / "a/b/c.txt", b"x").read_bytes() == b"x"


def test_a_link_leads_to_the_file_that_is_written(tmp_path):
    (tmp_path / "there").mkdir()
    os.symlink(tmp_path / "there/a.txt", tmp_path / "link")
    write_atomically(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "there/a.txt").read_bytes() == b"x"


def test_the_rests_of_a_killed_writer_go_after_an_hour_and_no_other_file(tmp_path):
    """Of the same name only, and not those of one that may still be writing."""
    old, young, other = (
        tmp_path / name for name in (".a.txt-0123abcd", ".a.txt-dcba3210", ".b.txt-0123abcd")
    )
    for path in (old, young, other, tmp_path / ".a.txt-notes"):
        path.write_bytes(b"half")
    long_ago = time.time() - ABANDONED - 60
    for path in (old, other):
        os.utime(path, (long_ago, long_ago))
    write_atomically(tmp_path / "a.txt", b"x")
    assert names(tmp_path) == sorted([young.name, other.name, ".a.txt-notes", "a.txt"])


def test_rests_in_a_run_folder_go_at_once_and_files_of_users_stay(tmp_path):
    kept = [".hidden", ".state.safetensors", "state.safetensors", ".notes.txt-0123abcd"]
    for name in [*kept, ".state.safetensors-0123abcd", ".log.jsonl-0123abcd"]:
        (tmp_path / name).write_bytes(b"")
    remove_unfinished(tmp_path)
    assert names(tmp_path) == sorted(kept)


@pytest.mark.parametrize("size", [0, 9, 10])
def test_a_file_of_at_most_so_many_bytes_is_read(size, tmp_path):
    assert read_bytes(write_atomically(tmp_path / "a", b"x" * size), 10) == b"x" * size


def test_a_larger_file_a_folder_and_a_pipe_are_refused_at_once(tmp_path):
    write_atomically(tmp_path / "a", b"x" * 11)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "a", tmp_path, tmp_path / "pipe", tmp_path / "none"):
        with pytest.raises(OSError):
            read_bytes(path, 10)


def test_every_name_has_bytes_and_different_names_different_ones():
    given = ["a", "ä", "a\u0308", "\udce4", "\\udce4"]
    assert name_bytes("a") == b"a" and all(isinstance(name_bytes(name), bytes) for name in given)
    assert len({name_bytes(name) for name in given[:4]}) == 4
