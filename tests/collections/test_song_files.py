"""What all layouts share: folders and files that count, names, and splits drawn from names."""

from pathlib import Path

from bassnb.collections.song_files import (
    SongFiles,
    audio,
    drawn_split,
    folders,
    song_places,
    with_all_splits,
    with_one_take,
)


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_hidden_files_and_those_of_macos_do_not_count(tmp_path):
    for name in ("a/bass.wav", "a/._bass.wav", "a/notes.txt", ".git/x.wav", "__MACOSX/y.wav"):
        touch(tmp_path / name)
    assert [place.name for place in folders(tmp_path)] == ["a"] and folders(tmp_path / "no") == []
    assert audio(tmp_path / "a") == {"bass": tmp_path / "a/bass.wav"}


def test_of_two_files_with_one_name_one_counts_and_a_name_that_is_taken_stays(tmp_path):
    for name in ("bass.wav", "bass.mp3", "vocals.wav", "vocal.wav"):
        touch(tmp_path / name)
    found = audio(tmp_path)
    assert found["bass"].suffix == ".wav" and set(found) == {"bass", "vocals", "vocal"}


def test_songs_lie_in_the_folders_of_splits_or_beside_each_other(tmp_path):
    touch(tmp_path / "one/song/bass.wav")
    assert song_places(tmp_path) == [("", tmp_path / "one")]
    touch(tmp_path / "train/song/bass.wav")
    assert song_places(tmp_path) == [("train", tmp_path / "train/song")]


def test_the_split_of_a_song_depends_on_its_name_alone():
    drawn = [drawn_split(f"song {number}") for number in range(2000)]
    shares = [drawn.count(split) / 2000 for split in ("train", "validation", "test")]
    assert abs(shares[0] - 0.8) < 0.03 and min(shares[1:]) > 0.07
    songs = [SongFiles(f"song {number}", "train", {}) for number in range(2000)]
    assert [song.split for song in with_all_splits(songs)] == drawn
    assert with_all_splits(songs[:1]) == songs[:1]  # a single song is for training
    mixed = [SongFiles("a", "train", {}), SongFiles("b", "test", {})]
    assert with_all_splits(mixed) == mixed


def test_of_several_takes_of_a_performance_one_is_kept():
    files = {name: (Path(f"{name}.wav"),) for name in ("bass di", "bass amp", "drums")}
    song = with_one_take(SongFiles("a", "train", files))
    assert "drums" in song.stems and len(song.stems) == 2
