"""Records made with other weights or songs are found stale; a newer package makes none stale."""

import pytest
import torch

from bassnb import __version__
from bassnb.checkpoints import System, load_pretrained, save_pretrained, weights_fingerprint
from bassnb.composer.world import DEFAULT
from bassnb.studies.provenance import origin, provenance, stale_records

NOW = {"weights": "a" * 16, "songs": 2, "package": "0.1.0"}


def record(**change):
    return {"command": "bassnb evaluate match", "provenance": {**NOW, **change}}


def test_a_record_carries_weights_songs_and_package(accompanist):
    system = accompanist.system
    assert provenance(system) == {
        "weights": weights_fingerprint(system),
        "defaults": "guidance 2.5, guidance_rule cfg, phi 0.7, sampler ddim, steps 64, strength 1.0",
        "songs": DEFAULT.version,
        "package": __version__,
    }


def test_a_saved_system_keeps_its_fingerprint_and_a_changed_weight_changes_it(
    accompanist, tmp_path
):
    loaded = load_pretrained(save_pretrained(accompanist.system, tmp_path / "model"))
    before = weights_fingerprint(loaded)
    assert before == weights_fingerprint(accompanist.system) and len(before) == 16
    for part in (loaded.unet, loaded.mix_autoencoder, loaded.bass_autoencoder):
        weight = next(part.parameters())
        kept = weight.data.clone()
        with torch.no_grad():
            weight.view(-1)[0] += 1
        assert weights_fingerprint(loaded) != before
        weight.data.copy_(kept)
    assert weights_fingerprint(loaded) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": "b" * 16}, ["weights " + "b" * 16 + ", now " + "a" * 16]),
        ({"songs": 1}, ["songs 1, now 2"]),
        ({"weights": "b" * 16, "songs": 1}, ["weights", "songs 1, now 2"]),
    ],
)
def test_other_weights_or_songs_make_a_record_stale(change, words):
    stale = stale_records({"fresh": record(), "old": record(**change)}, NOW)
    assert list(stale) == ["old"] and all(word in stale["old"] for word in words)


def test_other_defaults_make_a_record_stale(accompanist):
    system = accompanist.system
    made = {"match": {**record(), "provenance": provenance(system)}}
    other = System(system.preset, {**system.defaults, "guidance": 3.5})
    other.load_state_dict(system.state_dict())
    now = provenance(other)
    assert now["weights"] == provenance(system)["weights"]
    assert "guidance 2.5" in stale_records(made, now)["match"]
    assert stale_records(made, provenance(system)) == {}


def test_another_package_alone_does_not():
    assert stale_records({"match": record(package="9.9.9")}, NOW) == {}


@pytest.mark.parametrize(
    ("command", "stale"),
    [
        ("bassnb evaluate match --model classroom", ""),
        ("bassnb evaluate ablations --run runs/ablations --model classroom", ""),
        ("bassnb evaluate match --model classroom --songs 3", "a rehearsal with --songs 3"),
    ],
)
def test_a_rehearsal_is_stale(command, stale):
    assert stale_records({"match": {**record(), "command": command}}, NOW).get("match", "") == stale


def test_a_label_says_where_a_record_comes_from_and_why_it_is_stale():
    made = {**record(), "minutes": 4.1, "device": "2 CPU cores"}
    fresh = "4.1 min on 2 CPU cores, weights aaaaaaaaaaaaaaaa, songs 2"
    assert origin(made, NOW) == fresh
    assert origin(made, {**NOW, "songs": 3}) == f"{fresh}; stale: songs 2, now 3"


def test_a_record_that_needed_no_weights_is_stale_by_its_songs_alone():
    def of_a_chapter(**made):
        return {"settings": {}, "values": {}, "provenance": made}

    reports = {"fresh": of_a_chapter(songs=2), "old": of_a_chapter(songs=1)}
    assert stale_records(reports, NOW) == {"old": "songs 1, now 2"}
    assert list(stale_records({"older": {"settings": {}, "values": {}}}, NOW)) == ["older"]


def test_a_record_without_provenance_is_stale_if_a_model_made_it():
    reports = {
        "match": {"command": "bassnb evaluate match"},
        "bench": {"command": "make bench"},
        "mutants": {},
    }
    stale = stale_records(reports, NOW)
    assert list(stale) == ["match"] and "no provenance" in stale["match"]


def test_every_model_has_stale_records_of_another(accompanist):
    """The shipped model and a tiny one: what one has made is stale for the other."""
    made = {"match": {**record(), "provenance": provenance(load_pretrained("classroom"))}}
    assert stale_records(made, provenance(load_pretrained("classroom"))) == {}
    assert list(stale_records(made, provenance(accompanist.system))) == ["match"]
