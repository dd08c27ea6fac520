"""Verdicts follow the numbers, whatever the numbers are, and nothing is said without them."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bassnb.checkpoints import load_pretrained
from bassnb.cli import app
from bassnb.errors import BassnbError
from bassnb.studies.claims import MEASURES, at
from bassnb.studies.goals import CLAIMS, GOALS
from bassnb.studies.provenance import provenance, stale_records
from bassnb.studies.summary import (
    put_into,
    read_reports,
    summary_page,
    write_summary,
)

ROOT = Path(__file__).parents[2]


def row(middle, half=0.01, name="mean"):
    return {name: middle, "low": middle - half, "high": middle + half}


def distance(middle, half=0.02):
    return row(middle, half, "value")


def marked(value):
    """Marks of a row in the match report: means, and the figures of every song."""
    songs = [value - 0.001, value, value + 0.001]
    return {**{k: row(value) for k in MEASURES}, "songs": dict.fromkeys(MEASURES, songs)}


def good_reports():
    """Reports by which everything that the paper says, and all that we aim at, holds."""
    rng = np.random.default_rng(0)
    songs = rng.normal(size=12)
    marks = {"generated": 0.95, "retrieval": 0.5, "rule": 0.9, "shuffled": 0.1, "autoencoder": 0.96}
    steps = {"1": 100.0, "8": 9.0, "128": 0.5}
    better = {
        "pitch_class": 0.99,
        "voiced": 0.99,
        "si_sdr": 5.0,
        "multi_resolution_stft": 0.5,
        "log_spectral_distance_512": 2.0,
        "log_spectral_distance_4096": 2.0,
        "flux_ratio": 1.03,
    }
    worse = {
        "pitch_class": 0.9,
        "voiced": 0.9,
        "si_sdr": -9.0,
        "multi_resolution_stft": 0.6,
        "log_spectral_distance_512": 2.9,
        "log_spectral_distance_4096": 2.9,
        "flux_ratio": 0.9,
    }
    critics = {
        name: {
            "log_spectral_distance_4096": (songs + 9 - shift).tolist(),
            "pitch_class": (songs + shift).tolist(),
        }
        for name, shift in (
            ("magnitude 0", 0),
            ("both 0", 0.5),
            ("magnitude 1", 0),
            ("both 1", 0.5),
        )
    }
    errors = {"log": [[[0.1], [0.1]]] * 3, "absolute": [[[0.1], [0.9 + 0.1 * k]] for k in range(3)]}
    return {
        "steps": {"than": 64, "farther": {k: distance(v) for k, v in steps.items()}},
        "samplers": {"rows": {"dpm++ 12": {"farther": distance(-0.3), "lost": {"mean": row(0.0)}}}},
        "rescale_strong": {
            "cells": {
                "no rescale": {"4": {"8": {"level": row(1.5)}}},
                "on c": {"4": {"8": {"level": row(1.0)}}},
            },
            "contrasts": {
                "on c": {
                    "4": {"8": {"level": row(0.5)}},
                    "64": {w: {"distance": distance(2.0)} for w in ("8", "20")},
                }
            },
        },
        "guidance": {
            "table": [{"guidance": 1.0, "mean": 0.7}, {"guidance": 4.0, "mean": 0.9}],
            "gain": row(0.2),
        },
        "contrastive": {"group": 25, "rows": {"generated": {"mass": row(0.7), "top1": row(0.8)}}},
        "style": {
            "rows": {
                "grounded": {"euclidean": row(4.0), "cosine": row(0.1)},
                "free": {"euclidean": row(8.0), "cosine": row(0.5)},
            },
            "recognised": {"grounded": row(0.8)},
            "strength_table": {"1": {"recognised": row(0.8)}},
            "paper_cost": {"chord_tone": row(0.01)},
            "foreign": {"strengths": {"1": {"pairs": row(0.9)}}},
        },
        "probe": {"strokes": {"latents": {"chords": {"f1": row(0.9)}}}},
        "chapters/02_critics": {"values": {"end": critics}},
        "chapters/08_cost": {"values": {"seconds": [10, 600]}},
        "length": {
            "models": {
                "model": {
                    "pieces": [
                        {"steps": 128, "change": row(0.0)},
                        {"steps": 3072, "change": row(-0.05)},
                    ]
                }
            }
        },
        "chapters/04_positions": {"values": {"errors": errors}},
        "match": {
            "songs": 64,
            "seconds": 24.0,
            "steps": 64,
            "guidance": 6.0,
            "phi": 0.0,
            "rows": {name: marked(value) for name, value in marks.items()},
            "normalised_score": {"generated": {key: row(0.99) for key in MEASURES}},
            "onsets": {"generated": {"notes_ratio": distance(1.05)}},
        },
        "frechet": {
            "ratio": distance(1.2),
            "rows": {"generated": distance(10.0), "rule": distance(40.0)},
        },
        "autoencoder": {
            "rows": {
                "trained_phase": {k: row(v) for k, v in better.items()},
                "griffin_lim": {k: row(v) for k, v in worse.items()},
            },
            "gain": {k: row(0.1) for k in better},
        },
        "foreign": {
            "groups": {
                "own songs": {
                    "spectral_convergence": distance(0.2),
                    "pitch_class": distance(0.985, 0.01),
                    "flux_ratio": distance(1.05),
                },
                "real stem": {
                    "spectral_convergence": distance(0.4),
                    "pitch_class": distance(0.95),
                    "level_db": row(-0.5),
                    "loudest_db": 1.0,
                },
                "loops": {
                    "spectral_convergence": distance(0.3),
                    "pitch_class": distance(0.9),
                    "level_db": row(0.9),
                    "loudest_db": 2.5,
                },
            },
            "basses": [{"group": "style references", "name": "slap", "pitch_class": 0.96}],
        },
        "transfer": {
            "normalised_score": {"generated": {key: row(0.95) for key in MEASURES}},
            "onsets": {"generated": {"notes_ratio": distance(0.95)}},
        },
    }


def verdicts(reports):
    return {claim.text: claim.judge(reports)[0] for claim in (*CLAIMS, *GOALS)}


def test_good_numbers_are_good_news():
    assert set(verdicts(good_reports()).values()) == {"holds"}


FLIPS = [
    ("64 steps have", "steps/farther/128", distance(-2.0)),
    (
        "Strong guidance: the rescale lowers FAD (w = 20",
        "rescale_strong/contrasts/on c/64/20/distance",
        distance(-0.7),
    ),
    (
        "Strong guidance drives",
        "rescale_strong/cells/no rescale/4/8/level",
        row(1.0),
    ),
    (
        "Strong guidance drives",
        "rescale_strong/contrasts/on c/4/8/level",
        row(-0.1),
    ),
    ("With guidance", "guidance/gain", row(-0.1)),
    ("A contrastive model", "contrastive/rows/generated/mass", row(0.4)),
    ("Grounding brings takes nearer to the style, cosine", "style/rows/grounded/cosine", row(0.6)),
    (
        "The second critic sharpens",
        "chapters/02_critics/values/end/both 0/log_spectral_distance_4096",
        [20.0] * 12,
    ),
    ("Mixes of any length", "chapters/08_cost/values/seconds/1", 60),
    ("The network generalises", "length/models/model/pieces/1/change", row(0.1)),
    (
        "A dynamic position bias",
        "chapters/04_positions/values/errors/absolute",
        [[[0.9], [0.1]]] * 3,
    ),
    ("Roots: normalised score at least", "match/normalised_score/generated/root", row(0.9)),
    ("Onsets: above retrieval", "match/rows/retrieval/songs/onset_f1", [1.0, 1.0, 1.0]),
    ("Roots: less than 5 points below the rule", "match/rows/rule/songs/root", [1.02, 1.02, 1.02]),
    ("Sound: FAD below the rule's", "frechet/rows/rule", distance(9.0)),
    ("FAD at most 1.5", "frechet/ratio", distance(2.1)),
    ("Contrastive top 1", "contrastive/rows/generated/top1", row(0.5)),
    ("Style at strength 1: asked", "style/strength_table/1/recognised", row(0.7)),
    ("Style at the model's", "style/recognised/grounded", row(0.7)),
    ("Style at strength 1 costs", "style/paper_cost/chord_tone", row(0.07)),
    ("Style of a foreign bass", "style/foreign/strengths/1/pairs", row(0.6)),
    ("The mix's latents hold", "probe/strokes/latents/chords/f1", row(0.6)),
    ("Bass autoencoder above Griffin-Lim: SI-SDR", "autoencoder/gain/si_sdr", row(-0.1)),
    (
        "Bass autoencoder above Griffin-Lim: log-spectral distance, window 512",
        "autoencoder/gain/log_spectral_distance_512",
        row(-0.1),
    ),
    (
        "Bass autoencoder above Griffin-Lim: spectral flux",
        "autoencoder/gain/flux_ratio",
        row(-0.1),
    ),
    ("Bass autoencoder: spectral flux", "autoencoder/rows/trained_phase/flux_ratio", row(1.07)),
    (
        "Foreign basses: spectral",
        "foreign/groups/loops/spectral_convergence",
        distance(1.0),
    ),
    ("Foreign basses: pitch classes", "foreign/groups/real stem/pitch_class", distance(0.8)),
    ("Foreign basses: mean level", "foreign/groups/real stem/level_db", row(-1.1)),
    ("Foreign basses: none louder", "foreign/groups/loops/loudest_db", 3.1),
    ("Own songs: spectral conv", "foreign/groups/own songs/spectral_convergence", distance(0.4)),
    ("Own songs: pitch classes", "foreign/groups/own songs/pitch_class", distance(0.9)),
    ("Own songs: spectral flux", "foreign/groups/own songs/flux_ratio", distance(1.2)),
    ("Every shipped style reference", "foreign/basses/0/pitch_class", 0.9),
    (
        "Songs not of the generator: chord tones",
        "transfer/normalised_score/generated/chord_tone",
        row(0.8),
    ),
    ("Own songs: as many notes", "match/onsets/generated/notes_ratio", distance(0.7)),
    ("Songs not of the generator: as many", "transfer/onsets/generated/notes_ratio", distance(1.5)),
]


def replaced(reports, path, value):
    """`reports` with one other value; the first step of the path is a name of a report, which may
    hold a slash.
    """
    reports = copy.deepcopy(reports)
    name = next(name for name in reports if path.startswith(name + "/"))
    *steps, last = path[len(name) + 1 :].split("/")
    place = reports[name]
    for step in steps:
        place = place[int(step) if isinstance(place, list) else step]
    last = int(last) if isinstance(place, list) else last
    place[last]  # it was there
    place[last] = value
    return reports


@pytest.mark.parametrize("text, path, value", FLIPS, ids=[flip[0] for flip in FLIPS])
def test_one_number_flips_its_verdict_and_no_other(text, path, value):
    before, after = verdicts(good_reports()), verdicts(replaced(good_reports(), path, value))
    changed = {claim: verdict for claim, verdict in after.items() if verdict != before[claim]}
    assert list(changed.values()) == ["does not hold"]
    (claim,) = changed
    assert claim.startswith(text)


WIDE = [flip for flip in FLIPS if isinstance(flip[2], dict)]


@pytest.mark.parametrize("text, path, value", WIDE, ids=[flip[0] for flip in WIDE])
def test_with_an_interval_on_both_sides_a_verdict_is_undecided(text, path, value):
    wide = {**value, "low": -1e3, "high": 1e3}
    said = verdicts(replaced(good_reports(), path, wide))
    (claim,) = [claim for claim in said if claim.startswith(text)]
    assert said[claim] == "undecided"


def test_fewer_steps_that_are_nearer_disprove_both_claims_about_steps():
    said = verdicts(replaced(good_reports(), "steps/farther/8", distance(-0.6)))
    changed = {claim for claim, verdict in said.items() if verdict == "does not hold"}
    assert changed == {"More sampler steps lower FAD", "64 steps have the lowest FAD (1 to 128)"}


def test_without_numbers_nothing_is_said():
    assert set(verdicts({}).values()) == {"not tested"}
    for name in good_reports():
        fewer = {other: report for other, report in good_reports().items() if other != name}
        said = verdicts(fewer)
        assert "not tested" in said.values() and "does not hold" not in said.values()
    nothing = replaced(
        good_reports(), "steps/farther/8", {"value": None, "low": None, "high": None}
    )
    assert verdicts(nothing)["More sampler steps lower FAD"] == "not tested"


def test_the_page_is_made_from_the_files(tmp_path):
    for name, report in good_reports().items():
        path = tmp_path / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            json.dumps({"command": f"bassnb evaluate {name}", "minutes": 2.5, **report})
        )
    path, line = write_summary(tmp_path)
    page = path.read_text()
    assert path.name == "SUMMARY.md" and line.startswith(
        f"claims: {len(CLAIMS)} holds, 0 does not hold, 0 undecided, 0 not tested; goals: {len(GOALS)} holds"
    )
    assert (
        "| 64 steps have the lowest FAD (1 to 128) | 5, fig. 2 left | K = 128, the best of the others: FAD +0.5 |"
        in page
    )
    assert (
        "| +0.5 to +0.5 | **holds** | steps.json |" in page
        and "`bassnb evaluate rescale_strong`" in page
    )
    widths = {
        line.count("|")
        for line in page.splitlines()
        if line.startswith("| ") and "ways" not in line
    }
    assert widths <= {6, 7}  # every row has all cells of its table


def test_the_readme_takes_the_table_between_its_marks(tmp_path):
    page = tmp_path / "README.md"
    page.write_text("before\n<!-- measured -->\nold\n<!-- end of measured -->\nafter\n")
    put_into(page, good_reports())
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert "| **generated** | 0.95 | 0.95 | 0.95 | 0.95 |" in text and "99% [98% to 100%]" in text
    put_into(page, good_reports())
    assert page.read_text() == text  # a second time changes nothing
    (tmp_path / "other.md").write_text("no marks")
    with pytest.raises(BassnbError, match="no place for the table"):
        put_into(tmp_path / "other.md", good_reports())


def test_the_stored_page_is_that_of_the_stored_results():
    """Also in what it calls stale: new weights or songs change the page until it is made again."""
    stored = (ROOT / "results" / "SUMMARY.md").read_text(encoding="utf-8")
    reports, now = read_reports(ROOT / "results"), provenance(load_pretrained("classroom"))
    assert stored == summary_page(reports, now), "run bassnb evaluate summary"
    listed = stored.partition("## What is stale")[2].split("\n* ")[1:]
    assert [line.partition(":")[0] for line in listed] == list(stale_records(reports, now))
    assert stored != summary_page(reports, {**now, "weights": "0" * 16})


def test_the_readme_shows_the_stored_results(tmp_path):
    stored = (ROOT / "README.md").read_text(encoding="utf-8")
    page = tmp_path / "README.md"
    page.write_text(stored, encoding="utf-8")
    put_into(page, read_reports(ROOT / "results"))
    assert page.read_text(encoding="utf-8") == stored, (
        "run bassnb evaluate summary --into README.md"
    )


def test_paths_that_are_not_there():
    assert at({"a": {"b": 1}}, "a/b") == 1
    with pytest.raises(KeyError):
        at({"a": {}}, "a/b")


def test_the_command_writes_the_page_and_the_table(tmp_path):
    for name, report in good_reports().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.json").write_text(json.dumps(report))
    (tmp_path / "page.md").write_text("<!-- measured --><!-- end of measured -->")
    words = ["evaluate", "summary", "--results", str(tmp_path), "--into", str(tmp_path / "page.md")]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert (tmp_path / "SUMMARY.md").is_file() and "**generated**" in (
        tmp_path / "page.md"
    ).read_text()
    (tmp_path / "match.json").write_text("{}")
    refused = CliRunner().invoke(app, words)
    assert (
        refused.exit_code == 2
        and "match.json" in refused.output
        and refused.output.count("\n") == 2
    )


def test_no_stored_record_is_stale():
    """With other weights or songs, `make record` measures again what was made with the old ones."""
    reports, now = read_reports(ROOT / "results"), provenance(load_pretrained("classroom"))
    assert not stale_records(reports, now), "run make record"
    assert len(stale_records(reports, {**now, "weights": "0" * 16})) > 20  # they are judged
