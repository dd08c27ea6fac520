"""What is trained, by name, by file or by length: presets from JSON, and schedules at scale.

Taught in chapter 10.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, TypeVar

from bassnb.errors import BassnbError
from bassnb.presets import Preset, get_preset
from bassnb.schedules import AutoencoderTraining, DiffusionTraining

Plan = TypeVar("Plan", AutoencoderTraining, DiffusionTraining)
# numbers of steps within a plan, all of which belong to its length
SCHEDULE = ("phase_start", "settle_start", "warmup", "critic_warmup")
BASE = "based_on"  # of a file: the preset that has what the file leaves out


def load_preset(name: str) -> Preset:
    """A preset by its name, or from a file whose name ends in .json.

    The file holds what `Preset.to_dict` gives, or a part of it with the key "based_on", the name
    of the preset that has the rest::

        {"based_on": "studio", "name": "mine", "diffusion_training": {"batch": 16}}

    Raises
    ------
    BassnbError
        If there is no such preset or file, or the file holds something else.
    """
    if not name.endswith(".json"):
        return get_preset(name)
    try:
        content = json.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BassnbError(
            f"{name} cannot be read as a preset ({error}); give a JSON file, or the name of a preset"
        ) from None
    if not isinstance(content, dict):
        raise BassnbError(f"{name} holds no JSON object; give the fields of a preset")
    base = content.pop(BASE, None)
    return Preset.from_dict(content if base is None else _over(base, content, name))


def _over(base: str, content: dict, name: str) -> dict:
    """The fields of preset `base`, with those of `content` in their place."""
    fields = get_preset(str(base)).to_dict()
    for key, value in {"name": Path(name).stem, **content}.items():
        if key not in fields or isinstance(value, dict) != isinstance(fields[key], dict):
            raise BassnbError(f"{name}: a preset has no {key!r} of this kind; leave it out")
        fields[key] = fields[key] | value if isinstance(value, dict) else value
    return fields


def scaled(plan: Plan, total: int | None) -> Plan:
    """The plan with `total` steps, and every stage, warm-up and average in proportion.

    The learning rate falls at the same shares of the training, a stage takes the same share of it,
    and the moving average remembers the same share: 1 - decay grows as the training shrinks.
    None leaves the plan as it is.

    Raises
    ------
    BassnbError
        If so few steps leave a stage without any.
    """
    if total is None or total == plan.steps:
        return plan
    ratio: float = total / plan.steps
    given: dict[str, int] = {n: getattr(plan, n) for n in SCHEDULE if getattr(plan, n, 0)}
    changed: dict[str, Any] = {n: max(round(steps * ratio), 1) for n, steps in given.items()}
    ends: list[str] = [name for name in given if name.endswith("start")]
    # as many different ends of stages as before, and each of them after step 0
    if len({total, *(changed[n] for n in ends)}) < len({plan.steps, *(given[n] for n in ends)}):
        raise BassnbError(
            f"{total} steps are too few for the stages of a plan of {plan.steps}; take more"
        )
    ema: float = max(1 - (1 - plan.ema) / ratio, 0.0)
    return dataclasses.replace(plan, steps=total, ema=ema, **changed)


def with_steps(preset: Preset, part: str, total: int | None) -> Preset:
    """The preset with the plan of one part, "mix", "bass" or "diffusion", at another length.

    See `scaled`.
    """
    name = f"{part}_training"
    return dataclasses.replace(preset, **{name: scaled(getattr(preset, name), total)})
