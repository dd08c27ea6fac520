"""A GPU that is not there: CPU tensors that say they are on `cuda:0`, and the errors of CUDA.

In a process of its own::

    from tests import fakecuda
    fakecuda.install(tf32=True, capability=(7, 5))

Afterwards `torch.cuda.is_available()` is true and `.to("cuda")` gives a tensor with a label. An
operation on a tensor with the label and one without it raises `DeviceError`, as CUDA would, and so
does `.numpy()`. `SYNCS` counts by source line what would make the CPU wait for the GPU. With `tf32`
the inputs of convolutions lose all but ten bits of their mantissas, as on Ampere by default.
What it does not show: speed, memory, the order of sums, kernels that CUDA lacks.
"""

from __future__ import annotations

import collections
import importlib
import sys
import threading
import types

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

CUDA, CPU = torch.device("cuda", 0), torch.device("cpu")
SYNCS: collections.Counter = collections.Counter()  # (operation, place) -> number
T = torch.Tensor
DEVICE, IS_CUDA, SET_DATA = T.device.__get__, T.is_cuda.__get__, T.data.__set__
WAITING = {T.item, T.__float__, T.__int__, T.__bool__, T.__index__, T.tolist, T.cpu, T.nonzero}
QUESTIONS = {torch._has_compatible_shallow_copy_type, torch.result_type, torch.can_cast}
MAY_MIX = {T.copy_, T.type, T.__setitem__, T.__getitem__, T.is_same_size, T.set_, *QUESTIONS}
CONVOLUTIONS = {torch.conv1d, torch.conv_transpose1d, torch.conv2d}


class DeviceError(RuntimeError):
    """What CUDA would refuse."""


def labelled(value) -> bool:
    """Whether a value is a tensor on the GPU."""
    return isinstance(value, T) and value.__dict__.get("_on_gpu", False)


def label(value, on: bool = True):
    """Move tensors, also inside lists and dictionaries, on or off the GPU; returns `value`."""
    for leaf in tree_leaves(value):
        if isinstance(leaf, T):
            leaf.__dict__["_on_gpu"] = on
    return value


def names_gpu(device) -> bool:
    """Whether a device, its name or its number is that of a GPU."""
    if isinstance(device, int) and not isinstance(device, bool):
        return True
    return str(device).startswith("cuda")


def names_device(value) -> bool:
    return isinstance(value, torch.device) or (
        isinstance(value, str) and value.split(":")[0] in ("cpu", "cuda", "meta")
    )


def place() -> str:
    """File and line of the code under test that runs now, and the functions that called it."""
    frame, found, callers = sys._getframe(1), "elsewhere", []
    while frame:
        name = frame.f_code.co_filename
        if ("bassnb" in name or "ipykernel" in name) and "site-packages" not in name:
            found = f"{name}:{frame.f_lineno}" if not callers else found
            callers.append(frame.f_code.co_name)
        frame = frame.f_back
    return f"{found} in {' in '.join(callers)}"


def rounded_to_tf32(x: T) -> T:
    """x with ten bits of mantissa, as tensor cores read it; the gradient passes."""
    if x.dtype != torch.float32:
        return x
    bits = x.detach().contiguous().view(torch.int32)
    rounded = ((bits + 0x1000) & ~0x1FFF).view(torch.float32)
    return x + (rounded - x.detach()) if x.requires_grad else rounded


def moved(func, args, kwargs) -> T:
    """`Tensor.to` and `Tensor.type_as` between the two devices."""
    given = [
        a for a in (*args[1:], *map(kwargs.get, ("device", "dtype", "other"))) if a is not None
    ]
    target = dtype = None
    for value in given:
        if names_device(value) or (isinstance(value, int) and not isinstance(value, bool)):
            target = CUDA if names_gpu(value) else torch.device(value)
        elif isinstance(value, torch.dtype):
            dtype = value
        elif isinstance(value, T):
            target, dtype = CUDA if labelled(value) else CPU, value.dtype
    x = args[0]
    if target is not None and target.type == "meta":
        return func(*args, **kwargs)
    out = T.to(x, dtype or x.dtype, copy=bool(kwargs.get("copy")))
    on_gpu = labelled(x) if target is None else target.type == "cuda"
    if on_gpu != labelled(x) and out is x:
        out = x.clone() if torch.is_grad_enabled() or not x.requires_grad else x.detach().clone()
    return label(out, on_gpu)


class FakeGPU(TorchFunctionMode):
    """Every call of torch passes here."""

    def __init__(self, tf32: bool):
        super().__init__()
        self.tf32 = tf32

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func in SPECIAL:
            return SPECIAL[func](func, args, kwargs)
        leaves = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, T)]
        on_gpu = any(map(labelled, leaves))
        device = kwargs.get("device")
        check(func, args, kwargs, leaves, on_gpu)
        if on_gpu and func in WAITING:
            SYNCS[func.__name__, place()] += 1
        if device is not None and names_gpu(device):
            kwargs["device"] = "cpu"
        if self.tf32 and on_gpu and func in CONVOLUTIONS:
            args = (*map(rounded_to_tf32, args[:2]), *args[2:])
        out = func(*args, **kwargs)
        if func in (T.copy_, T.__setitem__):
            return out
        if names_gpu(device) or (device is None and on_gpu):
            if args and out is args[0] and isinstance(out, T) and not labelled(out):
                raise DeviceError(f"{func.__name__} of a CPU tensor with the GPU's, at {place()}")
            label(out)
        return out


def check(func, args, kwargs, leaves: list[T], on_gpu: bool) -> None:
    """Refuse what CUDA would: two devices in one operation, the generator of another device."""
    name = getattr(func, "__name__", str(func))
    generator, device = kwargs.get("generator"), kwargs.get("device")
    if generator is not None and (device is not None or not leaves):
        if generator.device.type != ("cuda" if names_gpu(device) else "cpu"):
            raise DeviceError(f"{name} with a generator of another device, at {place()}")
    strangers = [x for x in leaves if not labelled(x) and x.dim() and DEVICE(x).type == "cpu"]
    steps = name.startswith("_foreach") and all(x.numel() == 1 for x in strangers)  # of Adam
    if on_gpu and strangers and func not in MAY_MIX and not name.startswith("__set") and not steps:
        shapes = [(tuple(x.shape), "gpu" if labelled(x) else "cpu") for x in leaves]
        raise DeviceError(f"two devices in {name} at {place()}: {shapes}")
    if func is T.__getitem__ and not labelled(args[0]):
        if any(labelled(x) and x.dim() for x in leaves[1:]):
            raise DeviceError(f"a CPU tensor with an index on the GPU, at {place()}")


def _to_cpu(func, args, kwargs):
    x = args[0]
    if labelled(x):
        SYNCS["cpu", place()] += 1
    return label(x.clone(), False) if labelled(x) else x


def _to_numpy(func, args, kwargs):
    if labelled(args[0]):
        raise DeviceError(f"numpy of a tensor on the GPU, at {place()}")
    return func(*args, **kwargs)


def _set_data(func, args, kwargs):
    func(*args, **kwargs)
    label(args[0], labelled(args[1]))


SPECIAL = {
    DEVICE: lambda func, args, kwargs: CUDA if labelled(args[0]) else func(*args, **kwargs),
    IS_CUDA: lambda func, args, kwargs: labelled(args[0]),
    SET_DATA: _set_data,
    T.get_device: lambda func, args, kwargs: 0 if labelled(args[0]) else -1,
    T.pin_memory: lambda func, args, kwargs: args[0],
    T.cuda: lambda func, args, kwargs: label(args[0].clone()),
    T.cpu: _to_cpu,
    T.numpy: _to_numpy,
    T.__array__: _to_numpy,
    T.to: moved,
    T.type_as: moved,
}


class Generator(torch.Generator):
    """A generator that remembers for which device it was made."""

    def __new__(cls, device="cpu"):
        return super().__new__(cls)

    def __init__(self, device="cpu"):
        self._device = CUDA if names_gpu(device) else CPU

    @property
    def device(self):
        return self._device


class Autocast(torch.autocast):
    """Autocast of the CPU, whatever the device."""

    def __init__(self, device_type, *args, **kwargs):
        gpu = str(device_type).startswith("cuda")
        super().__init__("cpu" if gpu else device_type, *args, **kwargs)


class Stream:
    """A queue of the GPU."""

    def __init__(self, device=None):
        self.waits: list = []

    def wait_stream(self, other) -> None:
        self.waits.append(other)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def nothing(*args, **kwargs) -> None:
    """What a GPU that is not there has to do."""


def fake_module(capability: tuple[int, int]) -> dict:
    """The functions of `torch.cuda` that differ."""
    compute = Stream()
    quiet = "synchronize empty_cache reset_peak_memory_stats set_device manual_seed manual_seed_all"
    return {
        **dict.fromkeys(quiet.split(), nothing),
        "is_available": lambda: True,
        "is_initialized": lambda: False,
        "is_current_stream_capturing": lambda: False,
        "device_count": lambda: 1,
        "current_device": lambda: 0,
        "get_device_name": lambda *_: "Fake GPU",
        "get_device_capability": lambda *_: capability,
        "is_bf16_supported": lambda *_, **__: capability >= (8, 0),
        "memory_allocated": lambda *_: 0,
        "max_memory_allocated": lambda *_: 2**20,
        "Stream": Stream,
        "current_stream": lambda *_: compute,
        "stream": lambda stream: stream,
    }


def install(*, tf32: bool = False, capability: tuple[int, int] = (8, 0)) -> None:
    """Let this process believe in a GPU, in all its threads, until it ends."""
    for name, value in fake_module(capability).items():
        setattr(torch.cuda, name, value)
    graphs: types.ModuleType = importlib.import_module("torch.cuda.graphs")
    graphs.is_current_stream_capturing = torch.cuda.is_current_stream_capturing
    torch.Generator, torch.autocast, torch.amp.autocast = Generator, Autocast, Autocast
    T.record_stream = nothing
    new_parameter = torch.nn.Parameter.__new__

    def parameter(cls, data=None, requires_grad=True):
        return label(new_parameter(cls, data, requires_grad), labelled(data))

    torch.nn.Parameter.__new__ = staticmethod(parameter)
    FakeGPU(tf32).__enter__()
    run = threading.Thread.run

    def run_with_it(thread):
        with FakeGPU(tf32):
            run(thread)

    threading.Thread.run = run_with_it
