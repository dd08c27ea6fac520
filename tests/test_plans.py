"""Presets from files, and schedules at another length."""

import dataclasses
import json

import pytest

from bassnb.errors import BassnbError
from bassnb.plans import SCHEDULE, load_preset, scaled, with_steps
from bassnb.presets import CLASSROOM, PAPER, PRESETS
from tests.refusals import assert_sentence


def written(folder, content):
    path = folder / "mine.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_a_preset_has_a_name_or_a_file(tmp_path):
    assert load_preset("classroom") is CLASSROOM
    assert load_preset(written(tmp_path, CLASSROOM.to_dict())) == CLASSROOM


def test_a_file_may_hold_only_what_differs(tmp_path):
    part = {"based_on": "paper", "diffusion_training": {"batch": 16, "betas": [0.9, 0.99]}}
    preset = load_preset(written(tmp_path, part))
    plan = dataclasses.replace(PAPER.diffusion_training, batch=16, betas=(0.9, 0.99))
    assert preset == dataclasses.replace(PAPER, name="mine", diffusion_training=plan)


@pytest.mark.parametrize(
    "content, named",
    [
        ("{", "mine.json"),
        ("[1]", "mine.json"),
        ({"based_on": "huge"}, "huge"),
        ({"based_on": "paper", "diffusion": {}}, "diffusion"),
        ({"based_on": "paper", "unet": 3}, "unet"),
        ({"based_on": "paper", "unet": {"heights": 3}}, "heights"),
        ({"based_on": "paper", "diffusion_training": {"batch": -1}}, "batch"),
        ({"name": "mine"}, "mix"),
    ],
)
def test_a_file_that_is_no_preset_is_refused(tmp_path, content, named):
    with pytest.raises(BassnbError) as refused:
        load_preset(written(tmp_path, content))
    assert_sentence(refused.value, named)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(BassnbError) as refused:
        load_preset(str(tmp_path / "none.json"))
    assert_sentence(refused.value, "none.json")


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("part", ["mix", "bass", "diffusion"])
def test_half_the_steps_have_the_whole_schedule(name, part):
    plan = getattr(PRESETS[name], f"{part}_training")
    half = getattr(with_steps(PRESETS[name], part, plan.steps // 2), f"{part}_training")
    assert half.steps == plan.steps // 2
    for field in SCHEDULE:
        assert getattr(half, field, 0) == pytest.approx(getattr(plan, field, 0) / 2, abs=0.5)
    assert 1 - half.ema == pytest.approx(2 * (1 - plan.ema))
    same = {*SCHEDULE, "steps", "ema"}
    for field in dataclasses.fields(plan):
        if field.name not in same:
            assert getattr(half, field.name) == getattr(plan, field.name)


def test_without_a_number_or_with_its_own_a_plan_stays_as_it_is():
    for total in (None, CLASSROOM.bass_training.steps):
        assert scaled(CLASSROOM.bass_training, total) is CLASSROOM.bass_training


def test_a_longer_training_has_longer_stages():
    plan = scaled(CLASSROOM.bass_training, 2 * CLASSROOM.bass_training.steps)
    assert plan.phase_start == 2 * CLASSROOM.bass_training.phase_start
    assert plan.settle_start == 2 * CLASSROOM.bass_training.settle_start
    assert plan.ema > CLASSROOM.bass_training.ema


def test_every_stage_needs_a_step():
    with pytest.raises(BassnbError) as refused:
        scaled(CLASSROOM.bass_training, 2)
    assert_sentence(refused.value, "2 steps")
    assert scaled(CLASSROOM.bass_training, 30).settle_start < 30
