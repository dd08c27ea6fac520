"""Everything that is recorded, made again where it is stale.

    make record                          # all that is stale
    make record ARGS="match 05_ddim"     # these, stale or not
    make record ARGS=--list              # what there is to do

A record is the report of a study, `results/NAME.json`, the result of an experiment of a chapter,
`results/chapters/NAME.json`, or the comparison of the pages' engine with torch, `results/page.json`.
It is stale if it was made with other weights, songs or defaults than those of today. The longest job
begins first, one for each core; what is finished stays when the command is stopped, and the next one
goes on from there, also a study that trains. What a job prints is in `_build/record/`.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from bassnb.checkpoints import load_pretrained, weights_fingerprint
from bassnb.studies.experiment import SWITCH
from bassnb.studies.provenance import provenance, stale_records
from bassnb.studies.suite import STUDIES
from bassnb.studies.summary import read_reports

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "_build" / "record"
EXPERIMENT = re.compile(r'experiment\(\\n",\s*"\s*\\"(\w+)\\"')  # in the JSON of a notebook
UNKNOWN = 10.0  # minutes of a job that was never recorded
# Studies that train small networks on the same songs. The first one encodes the songs, the others
# find their latents in the cache, so they run one after the other.
TRAINED = ("ablations", "flow", "distilled")


@dataclass(frozen=True)
class Job:
    """A study or a chapter, and the names of the records that it makes."""

    name: str
    command: tuple[str, ...]
    records: tuple[str, ...]


def studies() -> Iterator[Job]:
    """One job for each study."""
    weights = weights_fingerprint(load_pretrained("classroom"))
    for name in [*STUDIES, "ablations"]:
        place = ("--run", f"runs/{name}-{weights}") if name in TRAINED else ()
        command = (sys.executable, "-m", "bassnb", "evaluate", name, *place)
        yield Job(name, command, (name,))


def chapters() -> Iterator[Job]:
    """One job for each chapter with an experiment."""
    execute = "-m jupyter nbconvert --execute --to notebook --stdout".split()
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        names = EXPERIMENT.findall(path.read_text(encoding="utf-8"))
        if names:
            patience = "--ExecutePreprocessor.timeout=-1"
            command = (sys.executable, *execute, patience, str(path.relative_to(ROOT)))
            yield Job(path.stem, command, tuple(f"chapters/{name}" for name in names))


def page() -> Job:
    """The engine of the pages beside torch; it needs the pages that `make book` builds, and Chromium."""
    return Job("page", (sys.executable, "-m", "benchmarks.page"), ("page",))


def minutes(job: Job, reports: dict[str, dict]) -> float:
    """How long a job took when it was last recorded."""
    taken = [reports.get(name, {}).get("minutes") or UNKNOWN for name in job.records]
    return float(sum(taken))


def due(jobs: list[Job], names: list[str], reports: dict[str, dict]) -> list[Job]:
    """The jobs that are named, with all their records, or those with records that are stale or missing,
    with these; longest first.
    """
    stale = stale_records(reports, provenance(load_pretrained("classroom")))

    def is_wanted(job: Job, record: str) -> bool:
        return job.name in names if names else record in stale or record not in reports

    wanted = [
        replace(job, records=tuple(one for one in job.records if is_wanted(job, one)))
        for job in jobs
    ]
    todo = [job for job in wanted if job.records]
    return sorted(todo, key=lambda job: -minutes(job, reports))


def make(job: Job) -> bool:
    """Run a job with one thread; whether it succeeded."""
    LOGS.mkdir(parents=True, exist_ok=True)
    experiments = ",".join(Path(record).name for record in job.records)
    environment = {**os.environ, SWITCH: experiments, "OMP_NUM_THREADS": "1"}
    with (
        open(LOGS / f"{job.name}.log", "w", encoding="utf-8") as log,
        open(os.devnull, "w") as null,
    ):
        output = null if "nbconvert" in job.command else log
        done = subprocess.run(job.command, cwd=ROOT, env=environment, stdout=output, stderr=log)
    return done.returncode == 0


def main() -> int:
    """Make what is due; the number of jobs that failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="studies and chapters; by default what is stale")
    parser.add_argument("--list", action="store_true", help="print what is due, and do nothing")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="at a time")
    options = parser.parse_args()
    jobs, reports = [*studies(), *chapters(), page()], read_reports(ROOT / "results")
    unknown = sorted(set(options.names) - {job.name for job in jobs})
    if unknown:
        parser.error(f"there is no {unknown[0]}; choose among {', '.join(j.name for j in jobs)}")
    todo = due(jobs, options.names, reports)
    times = {job: minutes(job, reports) for job in todo}
    for job in todo:
        print(f"{job.name:<24}{times[job]:7.1f} min")
    print(f"{sum(times.values()) / options.jobs:.0f} minutes with {options.jobs} at a time")
    return 0 if options.list else run(times, options.jobs)


def run(times: dict[Job, float], at_once: int) -> int:
    """Make these jobs, so many at a time; the number of those that failed."""
    with (
        ThreadPoolExecutor(at_once) as pool,
        tqdm(total=sum(times.values()), unit="min", desc="records") as bar,
    ):

        def make_all(queue: list[Job]) -> int:
            failed = 0
            for job in queue:
                done = make(job)
                failed += not done
                bar.write(f"{job.name}: {'recorded' if done else f'failed, see {LOGS}'}")
                bar.update(times[job])
            return failed

        return sum(pool.map(make_all, queues(times)))


def queues(times: dict[Job, float]) -> list[list[Job]]:
    """Jobs that must run one after the other, each queue for itself; the longest queue first."""
    trained = [job for job in times if job.name in TRAINED]
    others = [[job] for job in times if job not in trained]
    return sorted(
        filter(None, [trained, *others]), key=lambda queue: -sum(times[job] for job in queue)
    )


if __name__ == "__main__":
    raise SystemExit(main())
