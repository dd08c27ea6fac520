"""Speed of bassnb as ratios measured in one run.

`make bench` runs everything, `python -m benchmarks --quick` a dry run. A single time depends on the
machine; the ratio of two times taken in turn on one machine compares two programs. `timing` takes
the times; `codecs`, `sampler`, `end_to_end`, `together`, `precision` and `scaling` define what is
timed; `table` compares the results with the targets; and `__main__` writes everything to
results/bench.json, from which the book's page is made.
"""

import bassnb  # noqa: F401, before torch: it sets how threads wait
