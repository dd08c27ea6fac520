"""A training state is restored to the bit, and nothing else is taken for one."""

import json

import pytest
import torch

from bassnb.errors import CheckpointError
from bassnb.stored import read_tensors, write_tensors
from bassnb.training.run_folder import LOG, step_of, tidy
from bassnb.training.states import load_state, save_state


def make(seed):
    torch.manual_seed(seed)
    model = torch.nn.Linear(3, 2)
    return model, torch.optim.AdamW(model.parameters(), lr=0.1)


def step(model, optimizer):
    optimizer.zero_grad()
    model(torch.ones(1, 3)).square().sum().backward()
    optimizer.step()


@pytest.fixture
def state(tmp_path):
    model, optimizer = make(0)
    step(model, optimizer)
    return save_state(
        tmp_path / "state.safetensors", {"m": model}, {"o": optimizer}, {"step": 1, "config": {}}
    )


def restored(path):
    model, optimizer = make(1)
    return model, optimizer, load_state(path, {"m": model}, {"o": optimizer})


def refused(path, words):
    model, optimizer = make(1)
    before = model.weight.clone()
    with pytest.raises(CheckpointError, match=words) as caught:
        load_state(path, {"m": model}, {"o": optimizer})
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert torch.equal(model.weight, before) and not optimizer.state


def test_modules_and_moments_are_restored(state):
    model, optimizer = make(0)
    step(model, optimizer)
    other, its_optimizer, meta = restored(state)
    assert meta == {"step": 1, "config": {}}
    for pair in ((model, optimizer), (other, its_optimizer)):
        step(*pair)
    assert torch.equal(model.weight, other.weight)


@pytest.mark.evidence("changed-bit-in-state")
def test_any_changed_bit_of_the_tensors_is_noticed(state, tally):
    data = state.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    for byte in range(start, len(data)):
        state.write_bytes(data[:byte] + bytes([data[byte] ^ 1 << byte % 8]) + data[byte + 1 :])
        with pytest.raises(CheckpointError, match="has changed since it was written"):
            restored(state)
        tally()


def test_a_state_of_an_older_version_has_no_checksum(state):
    tensors, metadata = read_tensors(state)
    meta = {name: value for name, value in json.loads(metadata["meta"]).items() if name != "sha256"}
    write_tensors(state, tensors, {"meta": json.dumps(meta)})
    assert restored(state)[2] == {"step": 1, "config": {}}


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"other": "1"},
        {"meta": "no json"},
        {"meta": "[1]"},
        {"meta": "1"},
        {"meta": "[" * 100_000},
        {"meta": "{}"},
        *(
            {"meta": json.dumps({"step": value})}
            for value in ("x", None, -1, 1.5, True, [1], 2**70)
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_facts_that_are_none_are_refused(state, metadata):
    write_tensors(state, read_tensors(state)[0], metadata)
    refused(state, "is not the state of a training")


@pytest.mark.evidence("state-of-another-training")
@pytest.mark.parametrize(
    "change, words",
    [
        ({"o/0/exp_avg": torch.zeros(3)}, "o/0/exp_avg does not belong"),
        ({"o/0/exp_avg": torch.full((2, 3), torch.nan)}, "o/0/exp_avg does not belong"),
        ({"o/0/step": torch.zeros(1)}, "o/0/step does not belong"),
        ({"o/x/exp_avg": torch.zeros(())}, "o/x/exp_avg does not belong"),
        ({"o/-1/exp_avg": torch.zeros(())}, "o/-1/exp_avg does not belong"),
        ({"o/99/exp_avg": torch.zeros(())}, "o/99/exp_avg does not belong"),
        ({"o/0/other": torch.zeros(())}, "o/0/other does not belong"),
        ({"o/0/exp_avg": None}, "tensors of o/0 are missing"),
        ({"m/weight": None}, "weight is missing"),
        ({"m/weight": torch.zeros(3, 3)}, "weight has shape"),
        ({"m/more": torch.zeros(3)}, "more is unexpected"),
    ],
)
def test_tensors_of_another_training_are_refused(state, change, words):
    tensors = {**read_tensors(state)[0], **change}
    write_tensors(
        state,
        {name: tensor for name, tensor in tensors.items() if tensor is not None},
        {"meta": '{"step": 1}'},
    )
    refused(state, words)


@pytest.mark.parametrize(
    "line",
    [
        '{"step": 7',
        "",
        "[1]",
        '{"step": "x"}',
        '{"loss": 1}',
        "[" * 100_000,
        '{"step": 1' + 400 * "0" + "}",
    ],
)
def test_lines_of_the_log_that_are_none_are_left_out(tmp_path, line):
    assert step_of(line) == float("inf") and step_of('{"step": 7, "loss": 0.5}') == 7
    (tmp_path / LOG).write_bytes(
        b'{"step": 1}\n' + line.encode() + b'\n\xff}\n{"step": 2}\n{"step": 3}\n'
    )
    tidy(tmp_path, 2)
    assert (tmp_path / LOG).read_text() == '{"step": 1}\n{"step": 2}\n'
