"""How many cases a test tries: some in `make test`, many in `make robustness`."""

import os

# `python -m tests.robustness` sets it; results/robustness.json counts what is tried then.
MANY = "BASSNB_MANY_CASES"


def cases(some, many):
    """`some`, or `many` where time does not matter; the kinds of case are the same."""
    return many if os.environ.get(MANY) == "1" else some
