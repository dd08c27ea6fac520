"""Pairs of mix and stem: disjoint, at one level, from one place; and quirks of real folders."""

import numpy as np
import pytest
import torch

from bassnb.collections.change import Change, draw_change
from bassnb.collections.pairs import LivePairs, read_pair
from bassnb.collections.stem_index import stem_index
from bassnb.collections.stem_songs import Place
from bassnb.collections.stems import StemDataset, open_splits
from bassnb.level import LEVEL, level
from bassnb.presets import TIME_RATIO
from bassnb.stored import write_json

RATE = 44_100
# no sum or difference of a few is another
NOTES = {"bass": 110, "drums": 443, "keys": 701, "vocals": 1129}
CHANGES = [Change(), Change(1.5, 2 ** (1.5 / 12), 2.0), Change(-2.0, 1.07, -3.0)]


@pytest.fixture(scope="module")
def songs(tmp_path_factory, write, sine):
    """One song of twelve seconds; its vocals sound in the last four."""
    root = tmp_path_factory.mktemp("pairs")
    for name, note in NOTES.items():
        write(
            root / "songs" / "train" / "One" / f"{name}.wav",
            sine(note, 12, loud=(8 * (name == "vocals"), 12)),
        )
    return StemDataset(root / "songs", split="train", cache=root / "cache", progress=False)


@pytest.fixture(scope="module")
def noise(tmp_path_factory, write):
    """Bass and keys are the same noise, without repetition; the index must not detect that here."""
    root = tmp_path_factory.mktemp("noise")
    wave = np.random.default_rng(0).normal(0, 0.1, (20 * RATE, 2)).astype(np.float32)
    for name in ("bass", "keys"):
        write(root / "songs" / "train" / "One" / f"{name}.wav", wave)
    index = stem_index(root / "songs", root / "cache", progress=False)
    for facts in index["songs"][0]["stems"].values():
        facts["holds"] = {}
    write_json(next((root / "cache").glob("stems-*.json")), index)
    return StemDataset(root / "songs", split="train", cache=root / "cache", progress=False)


@pytest.fixture(scope="module")
def strengths(songs, strength):
    """Relative strengths of the notes in thirty pairs from seconds in which the vocals rest."""
    strengths = []
    for seed in range(30):
        change = CHANGES[seed % 3]
        stem, mix = read_pair(
            songs, Place(songs.songs[0], 2.0, 2 * RATE, change), np.random.default_rng(seed)
        )
        found = [
            {name: strength(wave, note * 2 ** (change.pitch / 12)) for name, note in NOTES.items()}
            for wave in (stem, mix)
        ]
        strengths.append(
            [{name: value / max(part.values()) for name, value in part.items()} for part in found]
        )
    return strengths


@pytest.mark.parametrize("change", CHANGES)
def test_without_rng_the_mix_is_the_sum_of_all_others_that_sound(songs, strength, change):
    _, mix = read_pair(songs, Place(songs.songs[0], 2.0, 2 * RATE, change))
    found = {name: strength(mix, note * 2 ** (change.pitch / 12)) for name, note in NOTES.items()}
    assert min(found["drums"], found["keys"]) > 0.05 > 1e-3 > max(found["bass"], found["vocals"])
    _, late = read_pair(songs, Place(songs.songs[0], 8.0, 2 * RATE))
    assert all((strength(late, note) > 0.05) == (name != "bass") for name, note in NOTES.items())


def test_the_mix_never_holds_the_target_and_the_stem_nothing_else(strengths):
    assert all(mix["bass"] < 0.02 for _, mix in strengths)
    assert all(
        stem["bass"] == 1 and max(stem[name] for name in NOTES if name != "bass") < 0.02
        for stem, _ in strengths
    )


def test_sub_mixes_are_of_stems_that_sound_there(strengths):
    seen = {tuple(name for name in NOTES if mix[name] > 0.05) for _, mix in strengths}
    assert seen == {("drums",), ("keys",), ("drums", "keys")}


@pytest.mark.parametrize("target", ["keys", "vocals"])
def test_any_stem_may_be_played(songs, strength, target, tmp_path):
    data = StemDataset(songs.root, split="train", target=target, cache=tmp_path, progress=False)
    stem, mix = read_pair(
        data, data.draw(np.random.default_rng(1), 2 * RATE), np.random.default_rng(1)
    )
    assert strength(stem, NOTES[target]) > 0.1 and strength(mix, NOTES[target]) < 0.005


@pytest.mark.parametrize("rng", [None, 3])
@pytest.mark.parametrize("change", CHANGES)
def test_one_level_for_both(songs, change, rng):
    pair = read_pair(
        songs,
        Place(songs.songs[0], 3.0, RATE, change),
        None if rng is None else np.random.default_rng(rng),
    )
    assert all(
        level(wave) == pytest.approx(LEVEL * 10 ** (change.gain_db / 20), rel=1e-3) for wave in pair
    )


def test_one_place_and_one_change_for_both(noise):
    starts = set()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        place = noise.draw(rng, RATE, change=draw_change(rng))
        stem, mix = read_pair(noise, place)
        assert torch.equal(stem, mix) and stem.any()
        starts.add(place.start)
    assert len(starts) > 5


def test_the_shares_of_processes_are_the_batch_of_one(songs, smoke):
    live = LivePairs(songs, *smoke)
    whole = live.batch(5, 5, 4)
    samples = (4 + 2 * live.reach) * TIME_RATIO
    assert [wave.shape for wave in whole] == [(5, 2, samples)] * 2
    parts = [live.batch(5, 5, 4, share=(part, 3)) for part in range(3)]
    assert all(torch.equal(torch.cat(waves), wave) for waves, wave in zip(zip(*parts), whole))
    assert not torch.equal(live.batch(6, 1, 4)[0], whole[0][:1])
    assert live.facts()["songs"] == 1 and live.facts()["target"] == "bass"


def test_latents_of_a_crop_are_those_of_the_whole(songs, smoke):
    """Waves of one level, so that crop and whole get the same gain."""
    live = LivePairs(songs, *smoke)
    torch.manual_seed(1)
    stem, mix = 0.1 * torch.randn(2, 1, 2, 40 * TIME_RATIO)
    whole = live.encode(stem, mix)
    assert [c.shape for c in whole] == [(1, 32, 40), (1, 64, 40)]
    for first in (0, 7, 18):
        around = slice(first * TIME_RATIO, (first + 12 + 2 * live.reach) * TIME_RATIO)
        crop = live.latents(stem[..., around], mix[..., around])
        for found, expected in zip(crop, whole):
            assert found.shape[-1] == 12 and not found.is_inference()
            inner = slice(first + live.reach, first + live.reach + 12)
            assert torch.allclose(found, expected[..., inner], atol=1e-4)
            assert not torch.allclose(
                found, expected[..., inner.start + 1 : inner.stop + 1], atol=1e-2
            )


def test_latents_are_standardised_each_by_its_own_autoencoder(songs, smoke):
    live = LivePairs(songs, *smoke)
    c_y, c_x = live.latents(*live.batch(0, 2, 8))
    assert c_y.shape == (2, 32, 8) and c_x.shape == (2, 64, 8)
    stem, mix = live.batch(0, 2, 8)
    for wave, autoencoder, c in ((mix, smoke[0], c_x), (stem, smoke[1], c_y)):
        expected = autoencoder.standardise(autoencoder.encode(wave))
        assert torch.allclose(c, expected[..., live.reach : live.reach + 8], atol=1e-5)


# -- folders with the quirks of real ones ----------------------------------------------------------


def crops(data, names):
    """Crops of every song, as recorded and changed; always complete, stereo and finite."""
    for song in data.songs:
        for change in CHANGES:
            found = data.read(Place(song, 1.0, RATE, change), names)
            for wave in found.values():
                assert (
                    wave.shape == (2, RATE)
                    and wave.dtype == torch.float32
                    and wave.isfinite().all()
                )
            yield song, change, found


@pytest.mark.parametrize("prefix", ["", "-", "ï»¿"])
def test_slakh_with_holes_two_basses_in_mono_at_another_rate(
    tmp_path, write, sine, strength, prefix
):
    place = tmp_path / "slakh" / "train" / "Track00001"
    # S02 is a hole in the numbers, S04 was never rendered
    notes = {"S00": 82, "S01": 443, "S03": 123}
    for number, note in notes.items():
        write(place / "stems" / f"{number}.flac", sine(note, 4, rate=16_000, channels=1), 16_000)
    classes = {"S00": "Bass", "S01": "Drums", "S03": "Bass", "S04": "Piano"}
    stems = "".join(f"  {number}:\n    inst_class: {kind}\n" for number, kind in classes.items())
    (place / "metadata.yaml").write_text(f"{prefix}UUID: 1a\nstems:\n{stems}", encoding="utf-8")
    data = StemDataset(tmp_path / "slakh", split="train", cache=tmp_path / "cache", progress=False)
    for _, change, found in crops(data, ("bass", "drums")):
        up = 2 ** (change.pitch / 12)
        gain = 0.2 * 10 ** (change.gain_db / 20)
        for note in (82, 123):  # both of them
            assert strength(found["bass"], note * up) == pytest.approx(gain, rel=0.25)
        assert strength(found["bass"], 443 * up) < 0.01 * gain < strength(found["drums"], 443 * up)
        assert torch.equal(*found["bass"])


def test_moisesdb_with_several_files_of_unequal_lengths_and_songs_without_bass(
    tmp_path, write, sine, strength
):
    root = tmp_path / "moisesdb"
    for song in range(12):  # some of a dozen train
        place = root / f"song{song}"
        if song % 3:
            write(place / "bass" / "x1.wav", sine(82, 2, channels=1))
            write(place / "bass" / "x2.wav", sine(123, 5))
        write(place / "drums" / "y.wav", sine(443, 7, rate=48_000), 48_000)
        write(place / "vocals" / "z.wav", sine(701, 3))
        (place / "data.json").write_text("{}")
    data, validation = open_splits(root, "bass", tmp_path / "cache", progress=False)
    assert {song.seconds for song in data.songs} == {7} and data.layout == "MoisesDB"
    assert validation is None or validation.split == "validation"
    assert set(data.skipped.values()) == {"no bass"} and all(
        int(name[4:]) % 3 == 0 for name in data.skipped
    )
    for song, change, found in crops(data, ("bass", "drums", "vocals")):
        if change == Change():
            late = data.read(Place(song, 3.0, RATE), ("bass", "vocals"))
            assert (
                strength(found["bass"], 82)
                == pytest.approx(0.2, rel=0.01)
                == strength(found["bass"], 123)
            )
            assert strength(late["bass"], 82) < 1e-4 and strength(
                late["bass"], 123
            ) == pytest.approx(0.2, rel=0.01)
            assert not late["vocals"][:, 10:].any()


@pytest.mark.parametrize("content", [b"", b"RIFF not audio"])
def test_an_unreadable_file_costs_its_song_and_no_other(tmp_path, write, sine, content):
    for song in ("Good", "Bad"):
        for name, note in (("mixture", 110), ("bass", 110), ("drums", 443)):
            write(tmp_path / "musdb" / "train" / song / f"{name}.wav", sine(note, 3))
            write(tmp_path / "musdb" / "test" / song / f"{name}.wav", sine(note, 3))
    (tmp_path / "musdb" / "train" / "Bad" / "drums.wav").write_bytes(content)
    data = StemDataset(tmp_path / "musdb", split="train", cache=tmp_path / "cache", progress=False)
    assert [song.name for song in data.songs] == ["Good"] and "cannot be read" in data.skipped[
        "Bad"
    ]


def test_songs_of_which_no_file_is_there_and_links_to_nowhere_are_left_out(tmp_path, write, sine):
    """Half a download: metadata without sound, or links whose files were never fetched."""
    root = tmp_path / "moisesdb"
    for song in range(12):
        for name, note in (("bass", 110), ("drums", 443)):
            write(root / f"song{song}" / name / "x.wav", sine(note, 3))
        (root / f"song{song}" / "data.json").write_text("{}")
    (root / "empty" / "bass").mkdir(parents=True)
    (root / "empty" / "data.json").write_text("{}")
    (root / "song0" / "bass" / "x.wav").unlink()
    (root / "song0" / "bass" / "x.wav").symlink_to(tmp_path / "nowhere.wav")
    data, _ = open_splits(root, "bass", tmp_path / "cache", progress=False)
    assert data.skipped.keys() == {"empty", "song0"} and len(data) > 0
