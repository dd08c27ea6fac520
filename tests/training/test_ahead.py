"""Batches prepared ahead: equal to those made on demand, errors, and the end of the threads."""

import threading

import pytest
import torch

from bassnb.training import ahead
from bassnb.training.ahead import Ahead

CPU = torch.device("cpu")


def draw(k):
    return (torch.randn(3, generator=torch.Generator().manual_seed(k)), torch.tensor(k))


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("batches")]


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_batches_are_the_same_with_any_number_of_threads(workers):
    with Ahead(draw, CPU, workers=workers) as batches:
        for k in (*range(5, 15), 30, 31, 7):  # a step is usually the next one, but need not be
            noise, number = batches(k)
            assert number == k and torch.equal(noise, draw(k)[0])
    assert not threads()


def test_the_next_batches_are_made_before_they_are_asked_for():
    made = {k: threading.Event() for k in range(10)}

    def make(k):
        made[k].set()
        return (torch.tensor(k),)

    with Ahead(make, CPU, workers=2) as batches:
        batches(0)
        assert made[1].wait(5) and made[2].wait(5)
        assert not made[3].is_set()


def test_an_error_reaches_the_step_that_asked_for_the_batch():
    def make(k):
        if k == 2:
            raise ValueError(f"batch {k} is broken")
        return (torch.tensor(k),)

    with pytest.raises(ValueError, match="batch 2"), Ahead(make, CPU, workers=2) as batches:
        assert [int(batches(k)[0]) for k in range(2)] == [0, 1]
        batches(2)
    assert not threads()


def test_on_a_cpu_batches_are_made_on_demand_in_the_same_thread():
    with Ahead(lambda k: (torch.tensor(threading.get_ident()),), CPU) as batches:
        assert batches(0)[0] == threading.get_ident()


def test_no_thread_is_left_when_the_training_breaks_off():
    with pytest.raises(KeyboardInterrupt), Ahead(draw, CPU, workers=2) as batches:
        batches(0)
        raise KeyboardInterrupt
    assert not threads()


@pytest.mark.parametrize("most, waiting", [(0, 1), (3 * 16, 3), (10**9, 4)])
def test_batches_that_wait_have_bounded_memory(monkeypatch, most, waiting):
    """Of `paper` a batch of waves has 2.2 GB; at least one is always made ahead."""
    monkeypatch.setattr(ahead, "MOST_BYTES", most)
    begun: list[int] = []

    def make(k):
        begun.append(k)
        return (torch.zeros(4),)  # 16 bytes

    with Ahead(make, CPU, workers=4) as batches:
        for k in range(6):
            batches(k)
            assert len(batches.pending) <= waiting and batches.ahead == waiting
    assert max(begun) <= 5 + waiting
