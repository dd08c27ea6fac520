"""A small cache of latents, for the tests of what writes one and of what reads one."""

import json

from accelerate import Accelerator

from bassnb.collections.encoding import CachePlan, encode_splits
from bassnb.collections.stems import StemDataset

RATE = 44_100
PLAN = CachePlan(seconds=4.0, versions=2)
STEPS = 43  # in four seconds


def opened(root, *, target="bass", splits=("train", "validation")):
    return [
        StemDataset(root, split=split, target=target, cache=root.parent / "index", progress=False)
        for split in splits
    ]


def encoded(root, smoke, folder, plan=PLAN, **options):
    return encode_splits(
        opened(root, **options), *smoke, folder, plan, Accelerator(cpu=True), progress=False
    )


def times(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.safetensors")}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text())
