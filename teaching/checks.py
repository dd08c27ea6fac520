"""Self-tests of the exercises: `from checks import check_1_2`, then `check_1_2()`.

Copied beside the chapters of the student edition, with checks.json: what each exercise has to make,
and what has to be true of it.
"""

import json
import sys
from pathlib import Path

EXERCISES = json.loads(Path(__file__).with_name("checks.json").read_text(encoding="utf-8"))


def check(exercise: str, names: dict) -> None:
    """Raise an AssertionError of one sentence unless the exercise, "1.2", is solved in `names`."""
    wanted = EXERCISES[exercise]
    missing = [name for name in wanted["names"] if names.get(name, ...) is ...]
    assert not missing, f"exercise {exercise}: {', '.join(missing)} not made yet"
    for test in wanted["tests"]:
        try:
            exec(test, names)
        except NotImplementedError:
            raise AssertionError(f"exercise {exercise}: a function has no code yet") from None
        except AssertionError:
            raise AssertionError(f"exercise {exercise}: not yet true: {test[7:]}") from None
    print(f"exercise {exercise}: solved")


def __getattr__(name: str):
    """`check_1_2`, for every exercise of the book."""
    exercise = name.removeprefix("check_").replace("_", ".")
    if exercise not in EXERCISES:
        raise AttributeError(f"there is no exercise {exercise} for {name}")
    return lambda: check(exercise, sys._getframe(1).f_globals)
