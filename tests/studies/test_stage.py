"""The studies of Fréchet distances, on a tiny system with random weights."""

import json
from unittest import mock

import numpy as np
import pytest
import torch

from bassnb.diffusion import alpha_beta
from bassnb.errors import BassnbError
from bassnb.metrics import embeddings
from bassnb.metrics.embeddings import LOADERS
from bassnb.studies import frechet, rescale_strong, steps
from bassnb.studies.rescale import gain_above
from bassnb.studies.stage import Row, farther
from bassnb.studies.suite import examine

TINY = {"songs": 2, "seconds": 1.5, "reference": 3, "resamples": 20}


def ordered(row):
    return 0 <= row["low"] <= row["value"] <= row["high"]


def test_frechet_report(accompanist, tmp_path):
    headline = examine("frechet", accompanist, tmp_path / "f.json", steps=1, **TINY)
    report = json.loads((tmp_path / "f.json").read_text())
    assert (
        headline.startswith("true ")
        and report["reference"] == 3
        and report["embedding"] == "spectral"
    )
    rows, full = report["rows"], report["full_band"]
    assert full.keys() == rows.keys() and full["true"]["value"] != rows["true"]["value"]
    assert rows["true"]["value"] < rows["generated"]["value"]  # random weights make no bass
    assert rows["true"]["infinity"] is None and all(map(ordered, rows.values()))
    assert report["ratio"]["value"] == pytest.approx(
        rows["generated"]["value"] / rows["autoencoder"]["value"]
    )


def test_frechet_report_extrapolates_with_enough_songs(accompanist):
    rows = frechet.run(accompanist, songs=8, seconds=1.0, steps=1, reference=2, resamples=10)[
        "rows"
    ]
    assert isinstance(rows["unconditional"]["infinity"], float)


@pytest.mark.evidence("any-embedding")
def test_any_embedding_flows_through(accompanist, monkeypatch):
    heard = []

    def loudness(wave):
        heard.append(wave.shape)
        return np.array([[float(wave.square().mean())], [float(wave.abs().mean())]])

    monkeypatch.setitem(LOADERS, "loudness", lambda: loudness)
    report = frechet.run(accompanist, steps=1, embedding="loudness", **TINY)
    assert report["embedding"] == "loudness" and len(heard) == 3 + 5 * 2
    assert {shape[0] for shape in heard} == {2}
    assert report["rows"]["true"] != frechet.run(accompanist, steps=1, **TINY)["rows"]["true"]


def test_an_embedding_that_is_missing_stops_before_the_work(accompanist, monkeypatch):
    monkeypatch.setattr(
        "bassnb.studies.stage.examples", lambda *_, **__: pytest.fail("songs were composed")
    )
    assert "nothing" not in embeddings.LOADERS
    with pytest.raises(BassnbError, match="'nothing'"):
        steps.run(accompanist, embedding="nothing", **TINY)


@pytest.mark.evidence("steps-report")
def test_steps_report(accompanist, tmp_path):
    examine("steps", accompanist, tmp_path / "s.json", counts=(1, 3), **TINY)
    report = json.loads((tmp_path / "s.json").read_text())
    assert (
        report["than"] == 3
        and list(report["steps"]) == ["1", "3"]
        and list(report["farther"]) == ["1"]
    )
    assert all(map(ordered, [*report["steps"].values(), *report["rows"].values()]))
    values = {k: row["value"] for k, row in report["steps"].items()}
    assert report["farther"]["1"]["value"] == pytest.approx(values["1"] - values["3"])


@pytest.mark.evidence("rescale-report")
def test_rescale_report(accompanist, tmp_path):
    examine(
        "rescale",
        accompanist,
        tmp_path / "r.json",
        weights=(1.0, 2.0, 3.0, 4.0),
        phis=(0.0, 1.0),
        steps=2,
        **TINY,
    )
    report = json.loads((tmp_path / "r.json").read_text())
    distance, gain = report["distance"], report["gain"]["1"]
    assert list(distance) == ["0", "1"] and list(distance["0"]) == ["1", "2", "3", "4"]
    # w = 1: nothing to rescale
    assert distance["0"]["1"] == distance["1"]["1"] and gain["1"]["value"] == 0
    assert gain["4"]["value"] == pytest.approx(
        distance["0"]["4"]["value"] - distance["1"]["4"]["value"]
    )
    mean = (gain["3"]["value"] + gain["4"]["value"]) / 2  # only these lie above 2.5
    assert report["gain_strong"]["1"]["value"] == pytest.approx(mean)
    assert report["spread"]["1"]["1"] == report["spread"]["0"]["1"] > 0


def test_strong_guidance_with_and_without_the_rescale(accompanist, tmp_path):
    few = {"weights": (8.0,), "counts": (2, 4)}
    examine("rescale_strong", accompanist, tmp_path / "r.json", **few, **TINY)
    report = json.loads((tmp_path / "r.json").read_text())
    cells, contrasts = report["cells"], report["contrasts"]
    assert list(cells) == ["no rescale", "on c", "on v"] and list(contrasts) == ["on c", "on v"]
    for way, counts in contrasts.items():
        for k, found in counts.items():
            plain, rescaled = (cells[name][k]["8"] for name in ("no rescale", way))
            assert found["8"]["distance"]["value"] == pytest.approx(
                plain["distance"]["value"] - rescaled["distance"]["value"]
            )
            assert found["8"]["level"]["verdict"] in ("holds", "does not hold", "undecided")


def test_a_rescale_on_v_is_that_of_its_equation(accompanist):
    """Of v, whose spread it brings back to that of the branch with the mix."""
    unet, c_x = accompanist.system.unet, torch.randn(2, 64, 16)
    z, t = torch.randn(2, 32, 16), torch.full((2,), 0.6)
    with mock.patch.object(rescale_strong, "PHI", 1.0):
        c = rescale_strong.denoiser(unet, c_x, 6.0, rescale_strong.ON_V)(z, t)
    alpha, beta = alpha_beta(t[0])
    v = (alpha * z - c) / beta
    assert torch.allclose(v.std((1, 2)), unet(z, t, c_x).std((1, 2)), rtol=1e-3)


def test_differences_are_those_of_pairs():
    noise = np.random.default_rng(0).normal(size=200)
    near, far = Row(1.0, 1 + noise, None), Row(3.0, 3 + noise, None)
    assert farther(far, near) == pytest.approx({"value": 2.0, "low": 2.0, "high": 2.0})


def test_no_strong_guidance_no_gain():
    assert gain_above({(1.0, 0.0): None, (1.0, 1.0): None}, 1.0, 0.0, 2.5) is None
