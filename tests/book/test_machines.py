"""The runner that imitates the machines of a class, and the workflow that uses it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook
from packaging.requirements import Requirement

from tests.test_project import declared

ROOT = Path(__file__).parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "classroom.yml").read_text())


def run(folder, *sources, options=()):
    """The ended runner of one page with these cells."""
    return run_pages(written(folder / "page.ipynb", *sources), options=options)


def written(page, *sources):
    cells = [new_code_cell(source) for source in sources]
    nbformat.write(new_notebook(cells=cells), page)
    return page


def run_pages(*pages, options=()):
    command = [sys.executable, ".ci/notebooks.py", *options, *map(str, pages)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)


def test_a_page_runs_on_a_gpu_that_is_not_there(tmp_path):
    mixing = (
        "import torch\n"
        "assert torch.cuda.is_available() and torch.ones(1, device='cuda').is_cuda\n"
        "torch.ones(2, device='cuda') + torch.ones(2)"
    )
    done = run(tmp_path, mixing, options=["--fake-gpu"])
    assert done.returncode == 1 and "two devices in add" in done.stderr
    assert re.match(r"page.ipynb: failed in \d+ s, (\d+|nan) MB\n", done.stdout)


def test_a_cell_that_takes_too_long_is_a_failure_of_its_page(tmp_path):
    done = run(tmp_path, "import time; time.sleep(60)", options=["--seconds", "1"])
    assert done.returncode == 1 and done.stdout.startswith("page.ipynb: failed in ")
    assert "timed out" in done.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux counts the memory")
def test_the_memory_of_a_page_is_that_of_its_own_kernel(tmp_path):
    """Neither of the pages before it, nor of a program that it runs, such as pip."""
    hold = "held = bytearray(300 * 2**20)"
    program = (
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', '{hold}'], check=True)"
    )
    pages = {"holds": hold, "runs": program, "nothing": "pass"}
    done = run_pages(*[written(tmp_path / f"{name}.ipynb", pages[name]) for name in pages])
    holds, runs, nothing = map(int, re.findall(r"(\d+) MB", done.stdout))
    assert holds > nothing + 250 and abs(runs - nothing) < 50


def test_a_page_on_colab_begins_in_a_folder_that_holds_nothing_else(tmp_path):
    source = (
        'REPOSITORY = "https://github.com/OWNER/bassnb"\n'
        "import os, sys\n"
        "assert 'google.colab' in sys.modules and os.listdir() == ['page.ipynb']\n"
        f"assert REPOSITORY == {ROOT.as_uri()!r}"
    )
    done = run(tmp_path, source, options=["--colab"])
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("page.ipynb: ran in ")


@pytest.mark.evidence("preset-file-on-colab")
def test_the_training_on_colab_keeps_its_weights_on_the_drive(tmp_path):
    """The cell of its settings, in the folder to which the set-up changes; it trains nothing yet."""
    page = json.loads((ROOT / "book" / "training_on_colab.ipynb").read_text())
    (settings,) = ["".join(c["source"]) for c in page["cells"] if c["id"] == "toc-settings"]
    cells = ["import os\nstart = os.getcwd()\nos.makedirs('bassnb/book')\nos.chdir('bassnb/book')"]
    for preset, name in {"": "studio", "smoke": "smoke", "/tmp/mine.json": "mine"}.items():
        cells += [
            f"os.environ['PRESET'] = '{preset}'",
            settings,
            f"assert RUN == Path(start, 'drive/MyDrive/bassnb/{name}') and settings.resume\n"
            f"assert PRESET == ('{preset}' or 'studio') and CACHE == Path(start, 'cache')\n"
            "assert RUN.parents[1].is_dir()  # mounted",
        ]
    done = run(tmp_path, *cells, options=["--colab"])
    assert done.returncode == 0, done.stderr


def test_the_list_of_colab_lies_within_what_the_package_accepts():
    lines = (ROOT / ".ci" / "colab.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    bounds = {**declared("dependencies"), **declared("all")}
    pinned = {pin.name: next(iter(pin.specifier)).version for pin in pins if pin.specifier}
    assert {"numpy", "ipython", "ipywidgets", "torch"} <= set(pinned)
    for name in set(pinned) & set(bounds):
        assert bounds[name].specifier.contains(pinned[name]), name


def test_the_workflow_runs_files_that_are_there():
    machines = WORKFLOW["jobs"]["chapters"]["strategy"]["matrix"]["include"]
    assert {"--colab", "--threads 1", "--fake-gpu --tf32 --threads 1"} <= {
        machine["options"] for machine in machines
    }
    text = (ROOT / ".github" / "workflows" / "classroom.yml").read_text()
    for name in re.findall(r"\btests/[\w/]+\.py", text):
        assert (ROOT / name).is_file(), name


def test_a_change_of_what_the_pages_read_starts_the_workflow():
    push = WORKFLOW[True]["push"]  # YAML reads the key `on` as True
    for path in ("bassnb", "book", "data_samples", "results", "teaching", ".ci"):
        assert (ROOT / path).is_dir() and f"{path}/**" in push["paths"]
    assert {"pyproject.toml", "requirements*"} <= set(push["paths"])


def test_every_page_with_code_is_run_on_every_machine():
    commands = [step["run"] for step in WORKFLOW["jobs"]["chapters"]["steps"]]
    (run,) = [command for command in commands if ".ci/notebooks.py $OPTIONS" in command]
    assert "book/*.ipynb" in run and "PRESET=smoke" in run


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_every_supported_python_is_tried(python):
    assert python in WORKFLOW["jobs"]["versions"]["strategy"]["matrix"]["python"]
    project = (ROOT / "pyproject.toml").read_text()
    assert f"Programming Language :: Python :: {python}" in project
