"""Batches prepared ahead of the step that uses them, so that a GPU does not wait.

Taught in chapter 10.

Every batch is drawn from `(seed, step)` alone: it does not depend on which thread makes it, or
when. Hence the batches of the coming steps can be made in threads, and a training that does so is
the same training to the bit.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

Batch = tuple[Tensor, ...]
WORKERS = min(8, os.cpu_count() or 1)
# bytes of all batches that wait, pinned: a batch of waves of `paper` alone has 2.2 GB
MOST_BYTES = 4 * 2**30


class Ahead:
    """``batches(k)`` is ``make(k)`` on `device`, made while the steps before it were computed.

    Use it in a `with` statement; at its end no thread is left. An error in `make(k)` reaches the
    caller of ``batches(k)``.

    Parameters
    ----------
    make : callable (k) -> tuple of tensors on the CPU
        Must depend on k alone, and may be called for steps that are never used, by several
        threads at once. Threads are enough, because numpy and torch release the interpreter lock
        while they copy and compute.
    device : torch.device
        Where the batches are needed. For a GPU the threads put them into pinned memory, and they
        are copied on a stream of their own, beside what the device computes.
    workers : int, optional
        Number of threads, and of batches prepared ahead, fewer where they would exceed
        `MOST_BYTES`. With 0 every batch is made when it is needed; that is the default on a CPU,
        where threads would take time from the training itself.
    """

    def __init__(
        self, make: Callable[[int], Batch], device: torch.device, *, workers: int | None = None
    ):
        on_gpu = device.type == "cuda"
        workers = workers if workers is not None else WORKERS if on_gpu else 0
        self.make, self.device, self.on_gpu, self.workers = make, device, on_gpu, workers
        self.ahead = 0  # number of batches that may wait; unknown until the first has been made
        self.stream = torch.cuda.Stream(device) if on_gpu else None

        # A thread begins with the first GPU as its own: pinned memory would be registered there by
        # every process.
        def own_gpu() -> None:
            if on_gpu:
                torch.cuda.set_device(device.index or 0)

        pool = ThreadPoolExecutor(workers, "batches", initializer=own_gpu) if workers else None
        self.pool = pool
        self.pending: dict[int, Future] = {}
        self.copied: tuple[int, Batch] | None = None  # the batch of one coming step, on the device

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_) -> None:
        """Drop the pending batches and end the threads."""
        self.pending.clear()
        self.copied = None
        if self.pool:
            self.pool.shutdown(cancel_futures=True)

    def __call__(self, k: int) -> Batch:
        """Return the batch of step k; the next ones are started before it is waited for."""
        if not self.pool:
            return self._awaited(self._sent(self._prepared(k)))
        self._start(k, k + self.ahead)
        if self.copied and self.copied[0] == k:
            batch, self.copied = self.copied[1], None
        else:
            batch = self._sent(self.pending.pop(k).result())
        batch = self._awaited(batch)
        self._start(k + 1, k + self.ahead)
        after = self.pending.get(k + 1)
        if self.on_gpu and after and after.done() and not after.exception():
            self.copied = k + 1, self._sent(self.pending.pop(k + 1).result())
        return batch

    def _start(self, first: int, last: int) -> None:
        """Let the threads make the batches of these steps, last included, that are not begun."""
        assert self.pool
        for step in range(first, last + 1):
            if step not in self.pending and (not self.copied or self.copied[0] != step):
                self.pending[step] = self.pool.submit(self._prepared, step)

    def _prepared(self, k: int) -> Batch:
        """Batch of step k on the CPU, in pinned memory for a GPU; runs in the threads."""
        batch = self.make(k)
        size = sum(tensor.numel() * tensor.element_size() for tensor in batch)
        self.ahead = min(self.workers, max(MOST_BYTES // max(size, 1), 1))
        return tuple(tensor.pin_memory() for tensor in batch) if self.on_gpu else batch

    def _sent(self, batch: Batch) -> Batch:
        """The batch on the device; a GPU copies it while it computes."""
        if not self.stream:
            return tuple(tensor.to(self.device) for tensor in batch)
        with torch.cuda.stream(self.stream):
            return tuple(tensor.to(self.device, non_blocking=True) for tensor in batch)

    def _awaited(self, batch: Batch) -> Batch:
        """The batch, ready for what is computed next; the GPU waits for its copy, not the CPU."""
        if self.stream:
            compute = torch.cuda.current_stream(self.device)
            compute.wait_stream(self.stream)
            for tensor in batch:
                tensor.record_stream(compute)  # its memory is not reused before that is done
        return batch
