"""Miniature replicas of every layout, with the quirks of the real ones."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bassnb.collections.layouts import (
    LAYOUTS,
    MEDLEYDB_IN_MUSDB,
    MUSDB_VALIDATION,
    described_stems,
    find_songs,
    plain,
)
from bassnb.collections.song_files import drawn_split
from bassnb.collections.stem_index import stem_index
from bassnb.collections.stems import StemDataset
from bassnb.errors import DataError


def write(path, rate=44_100, channels=2, samples=400):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(os.fsencode(path), 0.1 * np.ones((samples, channels), np.float32), rate)
    return path


def by_name(root, **options):
    layout, songs = find_songs(root, **options)
    return layout.name, {song.name: song for song in songs}


def names(song):
    return {name: [path.name for path in paths] for name, paths in song.stems.items()}


def test_musdb(tmp_path):
    for song in ("train/A - One", "train/Actions - One Minute Smile", "test/B - Two"):
        for stem in ("mixture", "vocals", "drums", "bass", "other"):
            write(tmp_path / song / f"{stem}.wav")
    (tmp_path / "train" / ".DS_Store").write_text("x")
    (tmp_path / "train" / "empty").mkdir()
    name, songs = by_name(tmp_path)
    assert name == "MUSDB18-HQ" and len(songs) == 3
    assert {song.split for song in songs.values()} == {"train", "validation", "test"}
    assert (
        songs["Actions - One Minute Smile"].split == "validation"
        and songs["B - Two"].split == "test"
    )
    assert (
        set(songs["A - One"].stems) == {"vocals", "drums", "bass", "other"}
        and songs["A - One"].mix.name == "mixture.wav"
    )


def slakh_track(place, suffix="flac", prefix="", rate=44_100):
    classes = {"S00": "Bass", "S01": "Drums", "S02": "Bass", "S03": "Piano", "S05": "Guitar"}
    # S03 was never rendered, S04 is a hole in the numbers
    for number in ("S00", "S01", "S02", "S05"):
        write(place / "stems" / f"{number}.{suffix}", rate=rate, channels=1)
    write(place / f"mix.{suffix}", rate=rate, channels=1)
    stems = "".join(
        f"  {number}:\n    inst_class: {kind}\n    audio_rendered: true\n"
        for number, kind in classes.items()
    )
    (place / "metadata.yaml").write_text(f"{prefix}UUID: 1a\nnormalized: true\nstems:\n{stems}")


@pytest.mark.parametrize("prefix", ["", "\ufeff", "ï»¿", "-"])
def test_slakh_in_folders_of_splits(tmp_path, prefix):
    for split, number in (("train", 1), ("validation", 1501), ("test", 1880), ("omitted", 2)):
        slakh_track(tmp_path / split / f"Track{number:05d}", prefix=prefix)
    name, songs = by_name(tmp_path)
    # omitted is left out
    assert name.startswith("Slakh") and set(songs) == {"Track00001", "Track01501", "Track01880"}
    assert {n: song.split for n, song in songs.items()} == {
        "Track00001": "train",
        "Track01501": "validation",
        "Track01880": "test",
    }
    assert names(songs["Track00001"]) == {
        "bass": ["S00.flac", "S02.flac"],
        "drums": ["S01.flac"],
        "guitar": ["S05.flac"],
    }
    assert songs["Track00001"].mix.name == "mix.flac"


def test_slakh_flat_and_babyslakh(tmp_path):
    for number in (3, 1502, 2000):
        slakh_track(tmp_path / "flat" / f"Track{number:05d}")
    _, songs = by_name(tmp_path / "flat")
    assert [song.split for song in songs.values()] == ["train", "validation", "test"]
    for number in range(1, 21):
        slakh_track(tmp_path / "baby" / f"Track{number:05d}", suffix="wav", rate=16_000)
    name, songs = by_name(tmp_path / "baby")
    assert (
        "BabySlakh" in name
        and len(songs) == 20
        and names(songs["Track00007"])["bass"] == ["S00.wav", "S02.wav"]
    )
    assert (
        {song.split for song in songs.values()}
        == {drawn_split(name) for name in songs}
        != {"train"}
    )


def test_moisesdb(tmp_path):
    for song in ("11aa", "22bb"):
        place = tmp_path / "moisesdb_v0.1" / song
        write(place / "bass" / "x1.wav", samples=300)
        write(place / "bass" / "x2.wav", samples=500)
        write(place / "vocals" / "y.wav", channels=1)
        (place / "drums").mkdir()
        (place / "data.json").write_text(json.dumps({"song": song, "stems": []}))
    name, songs = by_name(tmp_path)
    assert name == "MoisesDB" and names(songs["11aa"]) == {
        "bass": ["x1.wav", "x2.wav"],
        "vocals": ["y.wav"],
    }
    assert (
        songs["11aa"].mix is None and by_name(tmp_path / "moisesdb_v0.1")[1].keys() == songs.keys()
    )


def test_medleydb(tmp_path):
    for song in ("AClassicEducation_NightOwl", "SomeoneElse_Song"):
        place = tmp_path / "Audio" / song
        instruments = {
            "S01": "electric bass",
            "S02": ["drum set", "bass drum"],
            "S03": "bassoon",
            "S04": "double bass",
        }
        for number in ("01", "02", "03"):  # S04 is missing
            write(place / f"{song}_STEMS" / f"{song}_STEM_{number}.wav")
        write(place / f"{song}_MIX.wav")
        stems = "".join(
            f"  {n}:\n    component: ''\n    filename: {song}_STEM_{n[1:]}.wav\n    instrument: {i}\n"
            for n, i in instruments.items()
        )
        (place / f"{song}_METADATA.yaml").write_text(f"album: x\nstems:\n{stems}")
    name, songs = by_name(tmp_path)
    assert name == "MedleyDB" and len(songs) == 2
    assert list(songs["SomeoneElse_Song"].stems) == ["bass", "drum set", "bassoon"]
    assert names(songs["SomeoneElse_Song"])["bass"] == ["SomeoneElse_Song_STEM_01.wav"]
    assert songs["SomeoneElse_Song"].mix.name == "SomeoneElse_Song_MIX.wav"
    assert set(by_name(tmp_path, without_musdb=True)[1]) == {"SomeoneElse_Song"}


def test_official_lists_are_whole():
    assert len(MUSDB_VALIDATION) == 14 and len(MEDLEYDB_IN_MUSDB) == 46
    assert (
        plain("A Classic Education - NightOwl") == plain("AClassicEducation_NightOwl")
        and {
            plain("Clara Berry And Wooldog - Waltz For My Victims"),
            plain("The So So Glos - Emergency"),
        }
        <= MEDLEYDB_IN_MUSDB
    )


def test_jamendo(tmp_path):
    for path in ("00/1100.mp3", "42/9942.mp3"):
        write(tmp_path / path)
    name, songs = by_name(tmp_path)
    assert name == "MTG-Jamendo" and set(songs) == {"00/1100", "42/9942"}
    assert all(song.stems == {} and song.mix.suffix == ".mp3" for song in songs.values())


def test_song_folders_of_your_own(tmp_path):
    for path in (
        "One/bass.wav",
        "One/drums.flac",
        "One/Mix.ogg",
        "Two/bass.wav",
        "Two/mix.wav",
        "Three/bass.wav",
        "Two/notes.txt",
    ):
        write(tmp_path / path) if not path.endswith("txt") else (tmp_path / path).write_text("x")
    name, songs = by_name(tmp_path)
    assert name == "song folders" and set(songs) == {"One", "Two"}  # Three has nothing but a bass
    assert set(songs["One"].stems) == {"bass", "drums"} and songs["One"].mix.name == "Mix.ogg"
    assert (
        names(songs["Two"]) == {"bass": ["bass.wav"], "others": ["mix.wav"]}
        and songs["Two"].mix is None
    )


def test_song_folders_by_split_and_generated_songs(tmp_path):
    for path in (
        "validation/One/bass.wav",
        "validation/One/keys.wav",
        "train/Two/bass.wav",
        "train/Two/keys.wav",
    ):
        write(tmp_path / "mine" / path)
    assert {song.split for song in by_name(tmp_path / "mine")[1].values()} == {
        "train",
        "validation",
    }
    for path in (
        "test-000001/bass.flac",
        "test-000001/drums.flac",
        "train-000002/bass.flac",
        "train-000002/drums.flac",
    ):
        write(tmp_path / "generated" / path)
    assert [song.split for song in by_name(tmp_path / "generated")[1].values()] == ["test", "train"]


def test_parallel_folders(tmp_path):
    for path in ("bass/a.wav", "others/a.wav", "bass/b.wav", "others/c.wav"):
        write(tmp_path / path)
    name, songs = by_name(tmp_path)
    assert (
        name == "parallel folders"
        and names(songs["a"]) == {"bass": ["a.wav"], "others": ["a.wav"]}
        and len(songs) == 1
    )


def test_an_unknown_layout_is_refused_with_the_known_ones(tmp_path):
    (tmp_path / "letters").mkdir()
    with pytest.raises(DataError) as error:
        find_songs(tmp_path)
    assert all(layout.name in str(error.value) for layout in LAYOUTS) and "\n" not in str(
        error.value
    )
    with pytest.raises(DataError, match="is no folder"):
        find_songs(tmp_path / "none")


def test_a_drawn_split_depends_on_the_name_alone_and_is_about_eight_to_one_to_one():
    splits = [drawn_split(f"song {i}") for i in range(2000)]
    assert splits == [drawn_split(f"song {i}") for i in range(2000)]
    assert 0.76 < splits.count("train") / 2000 < 0.84 and 0.07 < splits.count("test") / 2000 < 0.13


@pytest.mark.evidence("hostile-yaml")
@pytest.mark.parametrize(
    "content",
    [
        "",
        "just text",
        "[1, 2]",
        "a: b",
        "!!python/object/apply:os.system ['x']",
        "a: [1",
        "stems: [1]",
        "stems: {S00: {a: 2001-99-99}}",
        "stems: " + "[" * 100_000,
        "- " * 100_000,
        "stems: {? [a]: b}",
        "#" * 1_000_001,
    ],
)
def test_yaml_without_stems_is_refused_and_nothing_in_it_is_run(tmp_path, content):
    path = Path(tmp_path / "metadata.yaml")
    path.write_text(content)
    with pytest.raises(DataError, match="describes no stems|holds more than 1 MB"):
        described_stems(path)


@pytest.mark.parametrize("collection", ["slakh", "medleydb"])
def test_one_song_with_broken_metadata_is_left_out_with_the_reason(tmp_path, collection):
    for number in (1, 2):
        name = f"Track0000{number}" if collection == "slakh" else f"Band_Song{number}"
        metadata = "metadata.yaml" if collection == "slakh" else f"{name}_METADATA.yaml"
        stem = "stems/S00.flac" if collection == "slakh" else f"{name}_STEMS/{name}_STEM_01.wav"
        write(tmp_path / "c" / name / stem)
        facts = (
            "stems:\n  S00: {inst_class: Bass, filename: "
            + Path(stem).name
            + ", instrument: electric bass}\n"
        )
        (tmp_path / "c" / name / metadata).write_text(facts if number == 1 else "stems: [")
    index = stem_index(tmp_path / "c", tmp_path / "cache", progress=False)
    assert len(index["songs"]) + len(index["skipped"]) == 2
    assert any("describes no stems" in reason for reason in index["skipped"].values())


BOMB = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join(['*' + a] * 8)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.evidence("metadata-name-own-files")
@pytest.mark.parametrize(
    "inside", ["../../secret.wav", "/{root}/secret.wav", "x" * 5000, "[{name}]", "*i", ""]
)
def test_metadata_name_files_of_their_own_song_alone(tmp_path, inside):
    name = "Band_Song"
    write(tmp_path / "secret.wav")
    write(tmp_path / "c" / name / f"{name}_STEMS" / f"{name}_STEM_01.wav")
    other = inside.format(root=tmp_path, name=f"{name}_STEM_01.wav")
    facts = f"{BOMB}stems:\n  S01: {{filename: {name}_STEM_01.wav, instrument: *i}}\n  S02: {{filename: {other}, instrument: vocals}}\n  S03: 1\n"
    (tmp_path / "c" / name / f"{name}_METADATA.yaml").write_text(facts)
    assert names(by_name(tmp_path / "c")[1][name]) == {"other": [f"{name}_STEM_01.wav"]}


def test_names_that_are_no_text_are_indexed_and_encoded_like_others(tmp_path):
    root = tmp_path / os.fsdecode(b"col\xff")
    try:
        for number in range(4):
            for stem in (b"bass", b"gu\xfetar"):
                write(
                    root / os.fsdecode(b"song-\xff%d" % number) / os.fsdecode(stem + b".wav"),
                    samples=100_000,
                )
    except OSError:
        pytest.skip("this file system has names in UTF-8 alone")
    first, again = (stem_index(root, tmp_path / "cache", progress=False) for _ in range(2))
    assert first == again and len(first["songs"]) == 4 and not first["skipped"]
    songs = StemDataset(root, cache=tmp_path / "cache", split="train", progress=False)
    assert songs.facts()["songs"] == len(songs) > 0
