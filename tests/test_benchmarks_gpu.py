"""`benchmarks.gpu` without a GPU: the jobs run, leave their files, and are not done twice. No
figure is judged.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bassnb.training.ahead import WORKERS
from benchmarks.gpu import JOBS, SHARE_TARGET, STALL_TARGET, rounded
from benchmarks.gpu_measuring import HOW, flops

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
CHOSEN = (
    "ceiling",
    "diffusion-plain",
    "diffusion-graphs",
    "stall-diffusion",
    "stall-autoencoder",
    "stall-recorded",
    "stall-cached",
    "sampling-plain",
    # every function, and every way to prepare a network
    "sampling-compiled",
    "autoencoder-plain",
    "codec-compiled",
)
DRY = ["--preset", "smoke", "--device", "cpu", "--seconds", "0", "--only", *CHOSEN]
TWICE = """
import sys
from benchmarks import gpu, gpu_jobs
gpu_jobs.STEPS = 4  # of a take; on a GPU 64
assert gpu.main(sys.argv[1:]) == 0

def broken(bench):
    raise ValueError("a broken job")

gpu.JOBS |= {"ceiling": broken}
assert gpu.main(sys.argv[1:]) == 0  # nothing is left to do
assert gpu.main([*sys.argv[1:], "--only", "ceiling", "--again"]) == 1
"""


@pytest.fixture(scope="module")
def dry_run(tmp_path_factory):
    """The jobs in a process of their own: accelerate keeps one precision for each process."""
    folder = tmp_path_factory.mktemp("gpu")
    command = [sys.executable, "-c", TWICE, *DRY, "--out", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=900
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, done


def test_every_job_leaves_one_file_and_a_line(dry_run):
    folder, done = dry_run
    reports = {path.stem: json.loads(path.read_text()) for path in folder.iterdir()}
    assert reports.keys() == {f"smoke-{job}" for job in CHOSEN}
    for job in CHOSEN:
        report = reports[f"smoke-{job}"]
        assert (
            report["job"] == job and report["preset"] == "smoke" and "dry run" in report["device"]
        )
        # measured once, read once
        assert done.stdout.count(f"\n{job} ") + done.stdout.startswith(f"{job} ") == 2
    assert "target" not in done.stdout and "a broken job" in done.stderr


def test_the_files_say_what_was_measured_and_how_it_was_counted(dry_run):
    def read(job):
        return json.loads((dry_run[0] / f"smoke-{job}.json").read_text())

    for job in ("diffusion-plain", "diffusion-graphs", "autoencoder-plain"):
        report = read(job)
        assert report["how"] == HOW[job.split("-")[1]] and "forward" in report["formula"]
        assert (
            report["steps_per_second"] > 0
            and report["share_of_ceiling"] > 0
            and "peak_memory_gib" in report
        )
    assert read("diffusion-plain")["target_share_of_ceiling"] == SHARE_TARGET
    assert [(row["precision"], row["batch"]) for row in read("codec-compiled")["decode"]] == [
        ("no", 1),
        ("no", 2),
        ("bf16", 1),
        ("bf16", 2),
    ]
    assert all(row["real_time_factor"] > 0 for row in read("sampling-compiled")["sample"])
    for kind in ("diffusion", "autoencoder", "recorded", "cached"):
        stall = read(f"stall-{kind}")
        assert 0 < stall["stall"] < 1 and stall["target_stall"] == STALL_TARGET
        assert set(stall["workers"]) == {"0", str(WORKERS)}


def test_every_kind_of_job_is_tried():
    assert {job.split("-")[0] for job in CHOSEN} == {job.split("-")[0] for job in JOBS} and set(
        CHOSEN
    ) <= set(JOBS)


def test_operations_are_counted_without_computing():
    assert flops(lambda: torch.nn.Conv1d(2, 3, 3, padding=1), (1, 2, 8)) == 2 * (2 * 3 * 3) * 8


def test_figures_are_written_to_four_digits():
    assert rounded({"a": [1.23456, 7], "b": None}) == {"a": [1.235, 7], "b": None}
