"""Precisions by name, and the GPUs that have them."""

import pytest
import torch

from bassnb.errors import BassnbError
from bassnb.precisions import PRECISIONS, autocast, check_precision, fastest_precision
from tests.refusals import assert_sentence


def test_precisions_that_do_not_exist_are_refused():
    for precision in PRECISIONS:
        check_precision(precision, "cpu")
    with pytest.raises(BassnbError) as refused:
        check_precision("fp8", "cpu")
    assert_sentence(refused.value, "fp8", "bf16", "fp16")


@pytest.mark.evidence("bf16-emulated")
@pytest.mark.parametrize("capability, allowed", [((7, 0), False), ((7, 5), False), ((8, 0), True)])
def test_bf16_is_for_gpus_that_have_it(monkeypatch, capability, allowed):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda *_: "Tesla T4")
    for precision in ("no", "fp16"):
        check_precision(precision, "cuda")
    if allowed:
        return check_precision("bf16", "cuda:0")
    with pytest.raises(BassnbError) as refused:
        check_precision("bf16", torch.device("cuda", 0))
    assert_sentence(refused.value, "Tesla T4", "fp16", f"{capability[0]}.{capability[1]}")


@pytest.mark.parametrize("precision", PRECISIONS)
def test_networks_compute_in_the_precision(precision):
    with autocast(torch.device("cpu"), precision):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == PRECISIONS[precision]


@pytest.mark.parametrize("capability, best", [((7, 5), "fp16"), ((8, 0), "bf16"), ((9, 0), "bf16")])
def test_the_fastest_precision_of_a_gpu_is_one_that_it_has(monkeypatch, capability, best):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: capability)
    assert fastest_precision() == best
    check_precision(best, "cuda")


def test_without_a_gpu_nothing_is_halved(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert fastest_precision() == "no"
