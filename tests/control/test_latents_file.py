"""Latents beside a take: the same numbers again, ours to replace, and refused when they are not."""

import pytest
import safetensors.torch
import torch

from bassnb.audio import read_audio
from bassnb.control.latents_file import TakeLatents, latents_path
from bassnb.errors import BassnbError, DataError
from bassnb.outputs import checksum, listed
from tests.refusals import assert_sentence


def stored(**other):
    facts = {"autoencoder": "a" * 16, "cents": -31.8, "length": 99, "level": 0.123456789}
    return TakeLatents(torch.randn(32, 5), **{**facts, **other})


@pytest.mark.parametrize("loop", [False, True])
def test_what_is_written_is_read(tmp_path, loop):
    one = stored(loop=loop)
    again = TakeLatents.read(one.write(tmp_path / "take.latents"))
    assert torch.equal(again.latents, one.latents)
    assert {**vars(again), "latents": 0} == {**vars(one), "latents": 0}
    assert [path.name for path in tmp_path.iterdir()] == ["take.latents"]


def test_every_take_has_its_latents_beside_it(accompanist, noise, tmp_path):
    mix = noise(30_000)
    take = accompanist(mix, steps=2, tuning=20)
    path = take.save(tmp_path / "take.wav")
    (other,) = accompanist.accompany_file(path, tmp_path / "other.wav", steps=2)
    for sound in (path, other):
        files, beside = listed(sound.with_suffix(".json")), latents_path(sound)
        assert files == {file.name: checksum(file) for file in (sound, beside)}
    found = TakeLatents.read(latents_path(path))
    assert torch.equal(found.latents, take.latents) and found.length == 30_000
    assert found.cents == 20 and found.autoencoder == accompanist.fingerprint


def test_latents_and_their_facts_decode_to_the_samples_that_were_written(
    accompanist, noise, tmp_path
):
    path = accompanist(noise(50_000), steps=2, tuning=0).save(tmp_path / "take.wav")
    found = TakeLatents.read(latents_path(path))
    blocks = accompanist.bass_coder.decode(found.latents[None], found.length, found.level)
    assert torch.allclose(torch.cat(list(blocks), -1), read_audio(path), atol=2e-7)


def test_a_foreign_latents_file_is_not_replaced(accompanist, noise, tmp_path):
    take = accompanist(noise(9000), steps=1)
    (tmp_path / "take.latents").write_text("mine")
    with pytest.raises(BassnbError, match="take.latents"):
        take.save(tmp_path / "take.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["take.latents"]
    take.save(tmp_path / "take.wav", force=True)
    assert take.save(tmp_path / "take.wav")  # ours now


@pytest.mark.parametrize("kind", ["missing", "text", "weights", "cut", "nan", "flat", "no length"])
def test_anything_else_is_refused_in_one_sentence(kind, tmp_path):
    path = tmp_path / "a.latents"
    if kind == "text":
        path.write_text("hello")
    elif kind == "weights":
        path.write_bytes(safetensors.torch.save({"weight": torch.zeros(3)}))
    elif kind == "cut":
        stored().write(path)
        path.write_bytes(path.read_bytes()[:-7])
    elif kind == "nan":
        stored(level=float("nan")).write(path)
    elif kind == "flat":
        TakeLatents(torch.zeros(32), "a", 0.0, 9, 0.1).write(path)
    elif kind == "no length":
        stored(length="?").write(path)
    with pytest.raises(DataError) as error:
        TakeLatents.read(path)
    assert_sentence(error.value, path)
