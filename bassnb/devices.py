"""Which device computes: a GPU of NVIDIA (cuda) or Apple (mps) where there is one, or the CPU."""

import torch

from bassnb.errors import BassnbError
from bassnb.spectral import istft, stft

WINDOW, HOP = 1024, 256  # samples, of the trial


def device_of(name: str) -> str:
    """The device of this name, or of "auto" the fastest that there is: cuda, then mps, then cpu.

    Raises
    ------
    BassnbError
        If it does not exist here, or cannot compute a spectrum.
    """
    if name == "auto":
        return next(device for device in present() if computes(device))
    if not computes(name):
        raise BassnbError(f"there is no device {name!r} here; use cpu, or auto")
    return name


def present() -> list[str]:
    """The kinds of device that torch finds on this machine, the fastest first."""
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return [*(device for device, there in found.items() if there), "cpu"]


def computes(device: str) -> bool:
    """Whether a device can do what a take needs most: a spectrum there and back, and a number out.

    "meta" exists, but computes nothing; torch for older versions of macOS lacks complex numbers.
    """
    try:
        wave = torch.zeros(1, 4 * WINDOW, device=device)
        again = istft(stft(wave, WINDOW, HOP), WINDOW, HOP, wave.shape[-1])
        return again.sum().item() == 0
    except (RuntimeError, AssertionError, TypeError):  # TypeError: no float64, of mps
        return False
