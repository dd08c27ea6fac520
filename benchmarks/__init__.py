"""How fast bassnb is, as ratios measured in one run: `make bench`, or `python -m benchmarks
--quick` for a dry run.

A time says something about a machine; the ratio of two times taken in turn on the same machine says
something about two programs. `timing` takes them, `codecs`, `sampler`, `end_to_end`, `together`,
`precision` and `scaling` say of what, `table` holds them against the targets, and `__main__` puts
everything into results/bench.json, from which the book's page is made.
"""

import bassnb  # noqa: F401, before torch: it says how threads wait for each other
