"""The numbers of the paper stand in the paper preset, sizes are what is promised, and
configurations survive JSON.
"""

import json

import pytest
import torch

from bassnb.checkpoints import System
from bassnb.errors import BassnbError
from bassnb.presets import PAPER, PRESETS, SAMPLE_RATE, TIME_RATIO, Preset, get_preset


@pytest.mark.evidence("numbers-of-the-paper")
def test_every_number_of_the_paper():
    for stem, channels in ((PAPER.mix, 64), (PAPER.bass, 32)):
        assert (stem.hop, stem.window, stem.stride, stem.latent_channels) == (
            256,
            1024,
            16,
            channels,
        )
    for plan in (PAPER.mix_training, PAPER.bass_training):
        assert (plan.batch, plan.steps, plan.seconds, plan.betas) == (32, 500_000, 1.5, (0.5, 0.9))
        assert (plan.lambda_rec, plan.lambda_mssd, plan.phase_start, plan.decimation) == (
            25,
            0.002,
            0,
            1,
        )
    plan = PAPER.diffusion_training
    assert (plan.batch, plan.steps, plan.latents, plan.betas, plan.drop) == (
        128,
        500_000,
        256,
        (0.9, 0.999),
        0.15,
    )
    assert PAPER.critic.mel_bins == 128
    assert 256 * TIME_RATIO / SAMPLE_RATE == pytest.approx(23.78, abs=0.01)


def test_shipped_weights_fit_16_megabytes():
    with torch.device("meta"):
        values = sum(
            value.numel() for value in System(get_preset("classroom")).state_dict().values()
        )
    assert 2 * values < 16e6


@pytest.mark.parametrize("name", PRESETS)
def test_round_trip_through_json(name):
    preset = get_preset(name)
    assert Preset.from_dict(json.loads(json.dumps(preset.to_dict()))) == preset


def test_the_paper_has_the_direct_head_and_a_model_saved_without_the_field_too():
    assert (
        PAPER.bass.projections
        == PAPER.mix.projections
        == 0
        < get_preset("classroom").bass.projections
    )
    fields = get_preset("classroom").to_dict()
    del (
        fields["bass"]["projections"],
        fields["bass_training"]["settle_start"],
        fields["bass_training"]["lambda_flux"],
    )
    assert Preset.from_dict(fields).bass.projections == 0


def test_the_spare_rate_keeps_every_bin():
    assert get_preset("classroom").bass.spare == 4 and PAPER.bass.spare == 1
    for preset in PRESETS.values():
        for config in (preset.mix, preset.bass):
            assert config.spare == 1 or config.bins <= config.window // (2 * config.spare)


def test_unknown_names_and_fields_are_refused():
    with pytest.raises(BassnbError, match="classroom"):
        get_preset("large")
    fields = PAPER.to_dict()
    fields["unet"]["wings"] = 2
    with pytest.raises(BassnbError, match="wings"):
        Preset.from_dict(fields)


def test_a_model_saved_before_there_were_worlds_is_of_the_first():
    fields = get_preset("smoke").to_dict()
    del fields["world"]
    assert Preset.from_dict(fields).world == "soundfont"
    for world in (["wide"], "another"):
        with pytest.raises(BassnbError, match="give one of soundfont, wide"):
            Preset.from_dict({**fields, "world": world})
