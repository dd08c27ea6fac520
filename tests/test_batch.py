"""A folder of songs: which are played, under which names, and which are left as they are."""

import json
from pathlib import Path

import pytest
import soundfile
import torch

from bassnb import batch
from bassnb.audio import write_audio
from bassnb.batch import Song, accompany_folder, natural, planned, songs_in
from bassnb.errors import BassnbError

QUICK = {"steps": 1}


def noise(samples, seed=0):
    return 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(seed))


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.fixture
def songs(tmp_path):
    """Three songs in a folder, one of them below another folder."""
    folder = tmp_path / "songs"
    (folder / "album").mkdir(parents=True)
    for number, name in enumerate(("1.wav", "2.flac", "album/3.wav")):
        write_audio(folder / name, noise(9_000, number))
    return folder


def played(accompanist, songs, out, **options):
    """The names of mixes that were played, left and refused."""
    plan = planned(songs, out, options.pop("with_mix", None), options.pop("midi", None))
    found = {"played": [], "left": [], "failed": []}
    for outcome in accompany_folder(accompanist, plan, inputs=[songs], **QUICK, **options):
        kind = "failed" if outcome.error else "played" if outcome.written else "left"
        found[kind].append(outcome.song.mix.name)
    return found


# -- which files -----------------------------------------------------------------------------------


def test_natural_order_in_folders_and_without_hidden_files(tmp_path):
    names = ["song 10.wav", "Song 2.mp3", "a/x.m4a", "b.stem.mp4", "._b.wav", ".git/c.wav", "d.txt"]
    found = songs_in(touch(tmp_path, *names, "out/old.wav"), leave_out=[tmp_path / "out"])
    relative = [path.relative_to(tmp_path).as_posix() for path in found]
    assert relative == ["a/x.m4a", "b.stem.mp4", "Song 2.mp3", "song 10.wav"]
    assert natural(Path("a2b10")) < natural(Path("a10b2")) < natural(Path("b"))


def test_names_and_folders_are_kept(tmp_path):
    songs = touch(tmp_path / "in", "x.wav", "deep/er/y.mp3", "z.stem.mp4")
    plan = planned(songs, tmp_path / "out", tmp_path / "both", suffix=".flac")
    assert [song.out.relative_to(tmp_path).as_posix() for song in plan] == [
        "out/deep/er/y.flac",
        "out/x.flac",
        "out/z.stem.flac",
    ]
    assert plan[0].with_mix == tmp_path / "both/deep/er/y.flac"


def test_songs_that_differ_in_their_suffix_keep_it(tmp_path):
    songs = touch(tmp_path / "in", "a.wav", "A.mp3", "b.mp3", "c/a.wav")
    names = [song.out.relative_to(tmp_path).as_posix() for song in planned(songs, tmp_path)]
    assert sorted(names) == ["A.mp3.wav", "a.wav.wav", "b.wav", "c/a.wav"]


def test_folders_that_cannot_be_used(tmp_path):
    songs = touch(tmp_path / "in", "a.wav")
    (tmp_path / "empty").mkdir()
    for folder, out, both in (
        (songs, songs, None),
        (songs, tmp_path / "in" / ".." / "in", None),
        (songs, tmp_path / "o", tmp_path / "o"),
        (songs, songs / "a.wav", None),
        (tmp_path / "empty", tmp_path / "o", None),
    ):
        with pytest.raises(BassnbError):
            planned(folder, out, both)


# -- what is done with them ------------------------------------------------------------------------


def test_a_second_run_plays_only_what_has_changed(accompanist, songs, tmp_path):
    out = tmp_path / "basses"
    everything = ["1.wav", "2.flac", "3.wav"]
    first = played(accompanist, songs, out)
    assert sorted(first["played"]) == everything and not first["failed"]
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert len(before) == 9  # sounds, settings, latents
    assert sorted(played(accompanist, songs, out)["left"]) == everything
    assert before == {path: path.read_bytes() for path in before}

    write_audio(songs / "1.wav", noise(8_000, 9))  # another song
    (out / "album/3.wav").unlink()
    again = played(accompanist, songs, out)
    assert sorted(again["played"]) == ["1.wav", "3.wav"] and again["left"] == ["2.flac"]
    assert soundfile.info(out / "1.wav").frames == 8_000


@pytest.mark.parametrize(
    "options", [{"seed": 1}, {"guidance": 1.0}, {"tuning": 440}, {"variations": 2}, {"style": True}]
)
def test_another_setting_plays_again(options, accompanist, songs, tmp_path):
    if options.get("style"):
        options = {"style": write_audio(tmp_path / "style.wav", noise(20_000, 5))}
    played(accompanist, songs, tmp_path / "out")
    again = played(accompanist, songs, tmp_path / "out", **options)
    assert len(again["played"]) == 3 and not again["failed"]
    assert len(played(accompanist, songs, tmp_path / "out", **options)["left"]) == 3


def test_a_take_that_was_interrupted_is_played_again(accompanist, songs, tmp_path):
    out = tmp_path / "out"
    accompanist.accompany_file(songs / "1.wav", touch(out, "x").joinpath("1.wav"), **QUICK)
    assert "1.wav" in played(accompanist, songs, out)["played"]


def test_one_bad_song_does_not_stop_the_others(accompanist, songs, tmp_path):
    (songs / "1.wav").write_text("no sound")
    write_audio(songs / "silent.wav", torch.zeros(2, 9_000))
    found = played(accompanist, songs, tmp_path / "out")
    assert sorted(found["failed"]) == ["1.wav", "silent.wav"] and len(found["played"]) == 2


def test_files_of_others_are_kept(accompanist, songs, tmp_path):
    out = touch(tmp_path / "out", "1.wav", "2.json")
    found = played(accompanist, songs, out)
    assert sorted(found["failed"]) == ["1.wav", "2.flac"] and (out / "1.wav").read_bytes() == b""
    assert len(played(accompanist, songs, out, force=True)["failed"]) == 0


def test_nothing_of_the_folder_is_replaced(accompanist, songs):
    before = {path: path.read_bytes() for path in songs.rglob("*") if path.is_file()}
    touch(songs / "basses", "1.wav")  # not ours, and within what is read
    found = played(accompanist, songs, songs / "basses", force=True)
    assert found["failed"] == ["1.wav"] and len(found["played"]) == 2
    assert before == {path: path.read_bytes() for path in before}
    assert len(played(accompanist, songs, songs / "basses", force=True)["left"]) == 2


def test_takes_with_mixes_and_variations(accompanist, songs, tmp_path):
    out, both = tmp_path / "out", tmp_path / "both"
    options = {"with_mix": both, "variations": 2}
    assert len(played(accompanist, songs, out, **options)["played"]) == 3
    assert {path.name for path in (out / "album").iterdir()} == {
        f"3-{number}.{suffix}" for number in (1, 2) for suffix in ("wav", "json", "latents")
    }
    assert (both / "album/3-2.wav").is_file()
    assert json.loads((out / "1-2.json").read_text())["seed"] == 1
    assert len(played(accompanist, songs, out, **options)["left"]) == 3
    (both / "1-2.wav").unlink()
    assert played(accompanist, songs, out, **options)["played"] == ["1.wav"]


def test_notes_go_into_a_folder_too(accompanist, songs, tmp_path):
    options = {"midi": tmp_path / "notes", "tempo": 90}
    assert len(played(accompanist, songs, tmp_path / "out", **options)["played"]) == 3
    assert (tmp_path / "notes/album/3.mid").read_bytes().startswith(b"MThd")
    assert len(played(accompanist, songs, tmp_path / "out", **options)["left"]) == 3


def test_what_concerns_all_songs_is_refused_before_the_first(accompanist, songs, tmp_path):
    silent = write_audio(tmp_path / "silent.wav", torch.zeros(2, 20_000))
    for options in ({"guidance": -1}, {"tuning": "x"}, {"variations": 0}, {"style": silent}):
        with pytest.raises(BassnbError):
            played(accompanist, songs, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_the_take_is_the_one_of_its_file_alone(accompanist, songs, tmp_path):
    played(accompanist, songs, tmp_path / "out", seed=4)
    accompanist.accompany_file(songs / "1.wav", tmp_path / "alone.wav", seed=4, **QUICK)
    assert (tmp_path / "out/1.wav").read_bytes() == (tmp_path / "alone.wav").read_bytes()
    settings = json.loads((tmp_path / "out/1.json").read_text())
    assert set(json.loads((tmp_path / "alone.json").read_text())) == {*settings} - {batch.REQUEST}


def test_files_of_a_song():
    song = Song(Path("m.wav"), Path("o/m.wav"), Path("b/m.wav"))
    assert song.files(1) == [[Path("o/m.wav"), Path("b/m.wav")]]
    assert song.files(2)[1] == [Path("o/m-2.wav"), Path("b/m-2.wav")]


def test_a_setting_that_names_a_file_counts_by_its_content(tmp_path):
    path = tmp_path / "line.mid"
    path.write_bytes(b"one")
    one = batch.fingerprint({"line": path})
    path.write_bytes(b"two")
    assert batch.fingerprint({"line": path}) != one != batch.fingerprint({"line": None})
