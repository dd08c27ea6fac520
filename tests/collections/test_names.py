"""Names have their usual meaning in any spelling, and songs may have names of stems."""

import unicodedata

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from bassnb.collections.layouts import find_songs, reads_as_parallel
from bassnb.collections.names import (
    STEM_NAMES,
    SUFFIXES,
    chosen_takes,
    is_stem,
    is_whole,
    plain_name,
    split_name,
    stem_name,
)
from bassnb.collections.stems import StemDataset, survey
from bassnb.errors import DataError

RATE = 44_100
pytestmark = pytest.mark.kind("meaning guessed")
FORMS = [
    str.upper,
    str.title,
    lambda name: f" {name} ",
    lambda name: unicodedata.normalize("NFD", name),
    lambda name: name,
]


def write(path, frequency=220.0, seconds=3, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = 0.1 * np.sin(2 * np.pi * frequency * np.arange(seconds * RATE) / RATE)
    soundfile.write(path, np.stack([wave, wave], 1), RATE, **options)


def song(place, stems=("bass", "drums", "guitar"), suffix=".wav"):
    for number, stem in enumerate(stems):
        write(place / f"{stem}{suffix}", 82.0 + 100 * number)


@given(st.text("aéÜñåsSq ", min_size=1), st.sampled_from(FORMS))
def test_a_name_is_the_same_in_any_form(name, form):
    assert plain_name(form(name)) == plain_name(name) and stem_name(form(name)) == stem_name(name)


@given(st.sampled_from(sorted(STEM_NAMES)), st.sampled_from(FORMS))
def test_stems_are_known_in_any_form(name, form):
    assert is_stem(form(name)) and stem_name(form(name)) == stem_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "mix",
        "Mixture",
        "master",
        "full mix",
        "full_mix",
        "linear_mixture",
        "accompaniment",
        "instrumental",
        "Backing",
        "minus",
        "minus one",
        "minus_bass",
        "no-bass",
        "Final Mix 2",
        "karaoke",
        "mixdown",
    ],
)
def test_names_of_wholes(name):
    assert is_whole(name)


@pytest.mark.parametrize(
    "name",
    [
        "bass",
        "backing vocals",
        "mixed choir",
        "full strings",
        "other",
        "no",
        "no-bass-no",
        "drums mix",
        "one",
    ],
)
def test_names_of_other_things(name):
    assert not is_whole(name)


@pytest.mark.parametrize(
    "given_, chosen",
    [
        (["bass", "bass_di", "bass amp"], {"bass": "bass", "bass_di": "", "bass amp": ""}),
        (["Bass-DI"], {"Bass-DI": "bass"}),
        (["bass_di", "bass_amp"], {"bass_di": "", "bass_amp": "bass"}),
        (["guitar_di", "drums"], {"guitar_di": "guitar", "drums": "drums"}),
        (["direct", "amp", "di"], {"direct": "direct", "amp": "amp", "di": "di"}),
    ],
)
def test_takes(given_, chosen):
    assert chosen_takes(given_) == chosen


@pytest.mark.evidence("song-may-called-like-stem")
@pytest.mark.parametrize("title", ["Piano", "Other", "Bass", "Waltz", "mix"])
@pytest.mark.parametrize("inside", [".", "train"])
def test_a_song_may_be_called_like_a_stem(tmp_path, title, inside):
    for name in (title, "Ballad", "Blues", "March"):
        song(tmp_path / inside / name)
    layout, songs = find_songs(tmp_path)
    assert (
        layout.name == "song folders"
        and len(songs) == 4
        and all(set(s.stems) == {"bass", "drums", "guitar"} for s in songs)
    )


def test_all_songs_may_be_called_like_stems(tmp_path):
    for title in ("Piano", "Bass", "Other"):
        song(tmp_path / title)
    layout, songs = find_songs(tmp_path)
    assert layout.name == "song folders" and {s.name for s in songs} == {"Piano", "Bass", "Other"}


@pytest.mark.parametrize("title", ["Piano", "Bass", "Drums", "Other"])
@pytest.mark.parametrize("split", ["", "train", "Valid"])
def test_a_song_in_parallel_folders_may_be_called_like_a_stem(tmp_path, title, split):
    for stem in ("bass", "Drums", "guitars"):
        for name in (title, "Ballad", "Blues"):
            write(tmp_path / split / stem / f"{name}.wav")
    layout, songs = find_songs(tmp_path)
    assert layout.name == "parallel folders" and [s.name for s in songs] == sorted(
        ["ballad", "blues", title.lower()]
    )
    assert all(set(s.stems) == {"bass", "drums", "guitar"} for s in songs)
    assert not split or {"train": "train", "Valid": "validation"}[split] in {s.split for s in songs}


@given(
    st.permutations(["bass", "drums", "guitar"]),
    st.sets(st.text("xyz", min_size=3, max_size=6), min_size=2, max_size=6),
)
def test_which_reading_explains_more(stems, titles):
    assert reads_as_parallel([(stem, title) for stem in stems for title in titles])
    assert not reads_as_parallel([(title, stem) for stem in stems for title in titles])


@pytest.mark.evidence("folders-splits")
@pytest.mark.parametrize(
    "folder, split",
    [
        ("valid", "validation"),
        ("Val", "validation"),
        ("DEV", "validation"),
        ("validation", "validation"),
        ("Train", "train"),
        ("testing", "test"),
        ("omitted", None),
        ("extra", None),
    ],
)
def test_folders_of_splits(tmp_path, folder, split):
    assert split_name(folder) == split
    song(tmp_path / "train" / "one")
    song(tmp_path / "train" / "three")
    song(tmp_path / folder / "two")
    said = "\n".join(survey(tmp_path, "bass", tmp_path.parent / "cache", progress=False))
    if split and split != "train":  # where all is called train, a hash divides the songs
        assert {s.name: s.split for s in find_songs(tmp_path)[1]}["two"] == split
    elif not split:
        assert f"left out: {folder}/ (3 files)" in said and "splits" in said


# -- files -----------------------------------------------------------------------------------------

WRITTEN = {
    ".aif": "AIFF",
    ".aiff": "AIFF",
    ".aifc": "AIFF",
    ".caf": "CAF",
    ".w64": "W64",
    ".rf64": "RF64",
    ".au": "AU",
    ".oga": "OGG",
}


@pytest.mark.evidence("every-format-can-read-stem")
@pytest.mark.parametrize("suffix", [suffix for suffix in SUFFIXES])
def test_every_format_that_can_be_read_is_a_stem(tmp_path, suffix):
    for name in ("one", "two"):
        song(tmp_path / "train" / name, ("bass", "drums"))
        song(tmp_path / "test" / name, ("bass", "drums"))
        options = (
            {"format": "OGG", "subtype": "OPUS", "samplerate": 48_000} if suffix == ".opus" else {}
        )
        wave = 0.1 * np.sin(2 * np.pi * 443 * np.arange(3 * RATE) / RATE)
        options = {
            "samplerate": RATE,
            **({"format": WRITTEN[suffix]} if suffix in WRITTEN else {}),
            **options,
        }
        soundfile.write(tmp_path / "train" / name / f"Guitar{suffix.upper()}", wave, **options)
    data = StemDataset(tmp_path, split="train", cache=tmp_path / "cache", progress=False)
    assert set(data.songs[0].stems) == {"bass", "drums", "guitar"} and data.songs[0].levels[
        "guitar"
    ][1] in range(-25, -21)


def listed(root, tmp_path, stem="bass"):
    return [
        line.strip()
        for line in survey(root, stem, tmp_path / "cache", progress=False)
        if "left out" in line
    ]


@pytest.mark.evidence("used-listed-reason")
@pytest.mark.parametrize(
    "path, reason",
    [
        ("one/guitar.m4a", ".m4a is not read"),
        ("one/lead.WMA", ".wma is not read"),
        ("one/bass_di.wav", "another take of bass"),
        ("one/bass.flac", "same name"),
        ("lonely/bass.wav", "two stems or more"),
        ("loose.wav", "two stems or more"),
        ("phone/bass.m4a", ".m4a is not read"),
        ("one/takes/old.wav", "two stems or more"),
    ],
)
def test_what_is_not_used_is_listed_with_its_reason(tmp_path, path, reason):
    root = tmp_path / "c"
    for name in ("one", "two"):
        song(root / name)
    (root / path).parent.mkdir(exist_ok=True)
    if path.endswith((".wav", ".flac")):
        write(root / path)
    else:
        (root / path).write_bytes(b"not read")
    assert [
        line for line in listed(root, tmp_path) if path.split("/")[0] in line and reason in line
    ]


@pytest.mark.parametrize(
    "path",
    [
        "one/._bass.wav",
        "__MACOSX/one/._bass.wav",
        "__MACOSX/one/bass.wav",
        ".trash/bass.wav",
        "one/.hidden.wav",
        "one/notes.txt",
        "one/cover.jpg",
    ],
)
def test_what_systems_leave_behind_is_neither_used_nor_listed(tmp_path, path):
    root = tmp_path / "c"
    for name in ("one", "two"):
        song(root / name)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(b"\0\5\26\7 resource fork")
    assert len(find_songs(root)[1]) == 2 and not [
        line for line in listed(root, tmp_path) if "left out:" in line
    ]


@pytest.mark.evidence("songs-letters-mac-song")
def test_songs_with_letters_of_a_mac_are_one_song(tmp_path):
    for title in ("Café", "Übung", "Señor"):
        for stem, form in (("bass", "NFC"), ("drums", "NFD"), ("Guitar ", "NFC")):
            write(tmp_path / stem / f"{unicodedata.normalize(form, title)}.wav")
    songs = find_songs(tmp_path)[1]
    assert len(songs) == 3 and all(set(s.stems) == {"bass", "drums", "guitar"} for s in songs)


@pytest.mark.parametrize("stem", ["drums", "Drums", "DRUMS ", "drum"])
def test_the_target_is_found_in_any_spelling(tmp_path, stem):
    for split in ("train", "test"):
        song(tmp_path / split / "one", ("bass", "Drums"))
        song(tmp_path / split / "two", ("bass", "drum"))
    data = StemDataset(
        tmp_path, split="train", target=stem, cache=tmp_path / "cache", progress=False
    )
    assert len(data) == 2 and data.target == "drums"


def test_a_singular_beside_its_plural_is_another_stem(tmp_path):
    song(tmp_path / "train" / "one", ("bass", "vocal", "vocals"))
    assert set(find_songs(tmp_path)[1][0].stems) == {"bass", "vocal", "vocals"}


def test_a_collection_in_a_format_that_is_not_read_says_so(tmp_path):
    (tmp_path / "one").mkdir()
    for name in ("bass", "drums"):
        (tmp_path / "one" / f"{name}.m4a").write_bytes(b"x")
    with pytest.raises(DataError, match=r"2 files.*\.m4a.*not read"):
        find_songs(tmp_path)
