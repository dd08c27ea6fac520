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
        Where the batches are needed. For a GPU they are put into pinned memory by the threads, so
        that the copy to the device runs beside what the device computes.
    workers : int, optional
        Number of threads, and of batches prepared ahead. With 0 every batch is made when it is
        needed; that is the default on a CPU, where threads would take time from the training
        itself.
    """

    def __init__(
        self, make: Callable[[int], Batch], device: torch.device, *, workers: int | None = None
    ):
        on_gpu = device.type == "cuda"
        workers = workers if workers is not None else WORKERS if on_gpu else 0
        self.make, self.device, self.on_gpu, self.workers = make, device, on_gpu, workers

        # A thread begins with the first GPU as its own: pinned memory would be registered there by
        # every process.
        def own_gpu() -> None:
            if on_gpu:
                torch.cuda.set_device(device.index or 0)

        pool = ThreadPoolExecutor(workers, "batches", initializer=own_gpu) if workers else None
        self.pool = pool
        self.pending: dict[int, Future] = {}

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_) -> None:
        """Drop the pending batches and end the threads."""
        self.pending.clear()
        if self.pool:
            self.pool.shutdown(cancel_futures=True)

    def __call__(self, k: int) -> Batch:
        """Return the batch of step k; the next ones are started before it is waited for."""
        if not self.pool:
            return self._moved(self._prepared(k))
        for step in range(k, k + 1 + self.workers):
            if step not in self.pending:
                self.pending[step] = self.pool.submit(self._prepared, step)
        return self._moved(self.pending.pop(k).result())

    def _prepared(self, k: int) -> Batch:
        """Batch of step k on the CPU, in pinned memory for a GPU; runs in the threads."""
        batch = self.make(k)
        return tuple(tensor.pin_memory() for tensor in batch) if self.on_gpu else batch

    def _moved(self, batch: Batch) -> Batch:
        return tuple(tensor.to(self.device, non_blocking=True) for tensor in batch)
