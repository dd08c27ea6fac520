"""The whole table at toy size: trained, marked, kept, and gone on with."""

import dataclasses
import json

import pytest
import torch

from bassnb.checkpoints import System
from bassnb.collections.latents import LatentDataset
from bassnb.errors import BassnbError
from bassnb.metrics.match import MEASURES
from bassnb.presets import SMOKE
from bassnb.schedules import DiffusionTraining
from bassnb.studies import ablations
from bassnb.studies.ablation_marks import AblationPlan
from bassnb.studies.ablations import accompanist, run_ablations, unstandardised
from bassnb.studies.variants import VARIANTS, Variant

PLAN = AblationPlan(
    unet=SMOKE.unet,
    training=DiffusionTraining(
        steps=3,
        batch=2,
        latents=16,
        learning_rate=1e-3,
        warmup=1,
        ema=0.9,
        songs=2,
        song_seconds=3.0,
        submixes=2,
    ),
    crops=6,
    songs=2,
    seconds=3.0,
    steps=2,
    lengths={"songs": 2, "lengths": (3.0, 6.0), "pieces": (32, 64), "steps": 2},
)
SOME = tuple(
    v
    for v in VARIANTS
    if v.name
    in (
        "as in the paper",
        "absolute positions",
        "latents not standardised",
        "last weights, no average",
        "post-hoc average",
        "noise prediction",
    )
)


@pytest.fixture(scope="module")
def system():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = System(SMOKE).requires_grad_(False)
    made.bass_autoencoder.latent_mean.fill_(0.5)
    made.bass_autoencoder.latent_std.fill_(2.0)
    return made.eval()


@pytest.fixture(scope="module")
def table(system, tmp_path_factory):
    root = tmp_path_factory.mktemp("ablations")
    report = run_ablations(
        system,
        root / "run",
        plan=PLAN,
        cache=root / "cache",
        variants=SOME,
        device="cpu",
        progress=False,
    )
    return root, report


def test_the_table_is_json_with_a_row_for_each_variant(table):
    report = json.loads(json.dumps(table[1], allow_nan=False))
    assert list(report["rows"]) == [variant.name for variant in SOME]
    for name, row in report["rows"].items():
        assert set(row["guided"]) == set(row["plain"]) == {*MEASURES, "overall"}
        assert len(row["each"]["guided match"]) == PLAN.songs
        assert (row["loss"] is None) == (name == "latents not standardised")
        assert row["loss"] is None or len(row["each"]["without"]) == PLAN.crops
    against = report["rows"]["as in the paper"]["against"]
    assert {figure for row in against.values() for figure in row.values()} == {0.0}
    assert report["rows"]["last weights, no average"]["against"]["with the mix"]["mean"] != 0
    assert list(report["length"]["models"]) == ["log", "absolute, stretched", "absolute, held"]


def test_a_second_call_measures_nothing_again(table, system, monkeypatch):
    root, report = table
    monkeypatch.setattr(ablations, "examine_variant", None)
    monkeypatch.setattr(ablations, "compare_lengths", None)
    again = run_ablations(
        system,
        root / "run",
        plan=PLAN,
        cache=root / "cache",
        variants=SOME,
        device="cpu",
        progress=False,
    )
    assert json.dumps(again) == json.dumps(report)


def test_a_folder_of_other_settings_is_refused(table, system):
    root, _ = table
    other = dataclasses.replace(PLAN, training=dataclasses.replace(PLAN.training, batch=3))
    with pytest.raises(BassnbError, match="another configuration"):
        run_ablations(
            system,
            root / "run",
            plan=other,
            cache=root / "cache",
            variants=SOME,
            device="cpu",
            progress=False,
        )


def test_latents_as_they_are(system):
    pairs = LatentDataset(torch.randn(2, 32, 5).half(), torch.randn(2, 2, 64, 5).half())
    raw = unstandardised(pairs, system)
    assert (
        torch.allclose(raw.bass, pairs.bass.float() * 2 + 0.5) and raw.mix.shape == pairs.mix.shape
    )
    player = accompanist(Variant("", standardise=False), system.unet, system, PLAN)
    c = torch.randn(1, 32, 5)
    assert torch.equal(player.system.bass_autoencoder.unstandardise(c), c)
    assert (system.bass_autoencoder.latent_std == 2).all()  # the model that was given is as it was
    assert player.system.defaults == {"guidance": PLAN.guidance, "phi": PLAN.phi}
