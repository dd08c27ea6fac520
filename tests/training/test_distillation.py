"""Progressive distillation: its target, its stages, and a training that goes on where it was."""

import json

import pytest
import torch
from typer.testing import CliRunner

from bassnb.checkpoints import System, load_pretrained, save_pretrained
from bassnb.cli import app
from bassnb.diffusion import add_noise, alpha_beta, eps_from_c
from bassnb.errors import BassnbError
from bassnb.presets import get_preset
from bassnb.training.distillation import distillation_loss, stages_to, two_steps


def draws(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def wiggly(z, t):
    """An estimate that changes from step to step."""
    return torch.tanh(z * (1 + t[:, None, None]))


def ddim_step(c, z, t, t_next):
    return add_noise(c, eps_from_c(z, c, t), t_next)


def test_one_step_with_the_estimate_arrives_where_two_half_steps_arrive():
    z, steps = draws(4, 3, 5), 4
    t = torch.tensor([1.0, 0.75, 0.5, 0.25], dtype=torch.float64)
    middle, end = t - 0.125, t - 0.25
    half = ddim_step(wiggly(z, t), z, t, middle)
    there = ddim_step(wiggly(half, middle), half, middle, end)
    c = two_steps(wiggly, z, t, steps)
    assert torch.allclose(ddim_step(c, z, t, end), there)


def test_a_teacher_who_knows_the_answer_teaches_the_answer():
    known = draws(4, 3, 5)
    t = torch.tensor([1.0, 0.75, 0.5, 0.25], dtype=torch.float64)
    assert torch.allclose(two_steps(lambda z, t: known, draws(4, 3, 5, seed=1), t, 4), known)


def test_the_loss_is_zero_for_a_student_who_has_learned_it():
    c_y, c_x = draws(8, 3, 5), draws(8, 3, 5, seed=1)

    def teacher(z, t, mix):
        alpha, beta = (rate[:, None, None] for rate in alpha_beta(t))
        return (alpha * z - 0.5) / beta  # the estimate is 0.5 everywhere

    options = {"teacher": teacher, "steps": 4, "guidance": 1.0}
    seeded = [torch.Generator().manual_seed(0) for _ in range(2)]
    assert distillation_loss(teacher, c_y, c_x, generator=seeded[0], **options) < 1e-9
    assert distillation_loss(lambda z, t, m: 0 * z, c_y, c_x, generator=seeded[1], **options) > 0.01


def test_stages_halve():
    assert stages_to(4) == (32, 16, 8, 4) and stages_to(1, start=4) == (2, 1)
    for wrong in (3, 64, 0):
        with pytest.raises(BassnbError, match="halving 64"):
            stages_to(wrong)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        system = System(get_preset("smoke"))
        for weights in system.unet.parameters():
            if not weights.any():
                weights.data.normal_(std=0.1)
    return save_pretrained(system, tmp_path_factory.mktemp("distill") / "teacher")


def distill(model, folder, *options):
    command = ["train", "distill", "--model", str(model), "--run", str(folder), "--to", "8"]
    command += ["--total-steps", "6", "--device", "cpu", "--save-minutes", "0"]
    return CliRunner().invoke(app, [*command, "--cache", str(model.parent / "cache"), *options])


def test_a_student_is_a_model_with_few_steps_and_no_guidance(model, tmp_path):
    whole = distill(model, tmp_path / "whole")
    assert whole.exit_code == 0, whole.output
    defaults = json.loads((tmp_path / "whole/pretrained/config.json").read_text())["defaults"]
    assert defaults == {"guidance": 1.0, "phi": 0.0, "steps": 8}
    student, teacher = (
        load_pretrained(folder).unet.state_dict()
        for folder in (tmp_path / "whole/pretrained", model)
    )
    assert any(not torch.equal(student[name], teacher[name]) for name in teacher)

    # three stages of two steps: stopped within a stage, and at the end of one
    for stop in ("3", "4"):
        folder = tmp_path / stop
        assert distill(model, folder, "--steps", stop).exit_code == 0
        resumed = distill(model, folder, "--resume")
        assert resumed.exit_code == 0, resumed.output
        again = load_pretrained(folder / "pretrained").unet.state_dict()
        assert all(torch.equal(again[name], student[name]) for name in student)
