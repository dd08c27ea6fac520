"""Which arithmetic a device can do: precisions and their names."""

from __future__ import annotations

import torch

from bassnb.errors import BassnbError

# accelerate's names
PRECISIONS = {"no": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
BF16_CAPABILITY = (8, 0)  # Ampere; older GPUs (T4, V100) emulate bfloat16, slower than float32


def check_precision(precision: str, device: str | torch.device) -> None:
    """Refuse a precision that does not exist, or that this GPU only emulates.

    Parameters
    ----------
    precision : "no", "bf16" or "fp16"
    device : where the networks compute

    Raises
    ------
    BassnbError
        If there is no such precision, or it is bf16 on a GPU with compute capability below 8.0.
    """
    if precision not in PRECISIONS:
        raise BassnbError(f"precision is {precision!r}; choose one of {', '.join(PRECISIONS)}")
    if precision == "bf16" and torch.device(device).type == "cuda":
        capability = torch.cuda.get_device_capability(torch.device(device).index or 0)
        if capability < BF16_CAPABILITY:
            name = torch.cuda.get_device_name(torch.device(device).index or 0)
            raise BassnbError(
                f"precision is 'bf16', which {name} only emulates (compute capability "
                f"{capability[0]}.{capability[1]}, not 8.0 or more); use fp16 there"
            )


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """The context in which networks compute with `precision` on `device`."""
    return torch.autocast(device.type, PRECISIONS[precision], enabled=precision != "no")


def fastest_precision() -> str:
    """The precision for a training on the GPU of this machine, or "no" where there is none."""
    if not torch.cuda.is_available():
        return "no"
    return "bf16" if torch.cuda.get_device_capability() >= BF16_CAPABILITY else "fp16"
