"""The set-up cell of a page on Google Colab: in a folder that holds nothing, with a repository of
our own in place of the published one, and packages that are not changed.
"""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys

import pytest

from teaching import student
from tests.book.test_notebooks import CHAPTERS, CONFIG, ROOT, cells, source
from tests.refusals import assert_sentence

CELL = source(cells(CHAPTERS[0])[0])
COLAB = "import sys, types\nsys.modules['google.colab'] = types.ModuleType('google.colab')\n"
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
# a package without a build: pip is asked what it would install, and installs nothing
BACKEND = """
import os

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    name = "bassnb_of_a_test-0.dist-info"
    os.mkdir(os.path.join(folder, name))
    with open(os.path.join(folder, name, "METADATA"), "w") as file:
        file.write(METADATA)
    return name

METADATA = '''Metadata-Version: 2.1
Name: bassnb-of-a-test
Version: 0
Requires-Dist: torch
Requires-Dist: numpy
Provides-Extra: all
Requires-Dist: {all} ; extra == "all"
'''
"""


def git(folder, *words):
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path):
    """The address of a repository with a package, chapters and samples."""
    root = tmp_path / "published"
    for name in ("book/00.ipynb", "data_samples/mix.flac"):
        (root / name).parent.mkdir(parents=True)
        (root / name).touch()
    (root / "pyproject.toml").write_text(PROJECT)
    (root / "backend.py").write_text(BACKEND.replace("{all}", "numpy"))
    git(root, "init")
    git(root, "add", ".")
    git(root, "commit", "-m", "all")
    return root


def run(folder, address, *, on_colab=True, times=1, then=""):
    """The ended program of a kernel in `folder` that runs the cell `times` times."""
    cell = CELL.replace(CONFIG["repository"]["url"], str(address))
    code = (COLAB if on_colab else "") + f"for _ in range({times}):\n    exec({cell!r})\n{then}"
    # nothing is installed and nothing fetched; what is there already counts
    offline = {"PIP_DRY_RUN": "1", "PIP_NO_INDEX": "1"}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, **offline, "GIT_TERMINAL_PROMPT": "0"},
        capture_output=True,
        text=True,
        timeout=300,
    )


def sentence(done):
    """What a reader sees of a failure."""
    assert done.returncode == 1
    return done.stderr.strip().splitlines()[-1].removeprefix("RuntimeError: ")


@pytest.fixture
def empty(tmp_path):
    (tmp_path / "content").mkdir()
    return tmp_path / "content"


@pytest.mark.evidence("setup-cell-again")
def test_without_an_address_it_says_so_and_changes_nothing(empty):
    done = run(empty, "https://github.com/OWNER/bassnb")
    assert_sentence(sentence(done), "address", "Troubleshooting")
    assert not list(empty.iterdir())


def test_elsewhere_it_does_nothing(empty):
    done = run(empty, "https://github.com/OWNER/bassnb", on_colab=False)
    assert done.returncode == 0 and not list(empty.iterdir())


@pytest.mark.evidence("setup-cell-again")
def test_it_may_be_run_twice_and_the_chapter_finds_its_samples(empty, repository):
    found = "import os\nprint(os.path.isfile('../data_samples/mix.flac'), os.getcwd())"
    for times in (2, 1):  # in one kernel, and in another one after a restart
        done = run(empty, repository, times=times, then=found)
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == ["True", str(empty / "bassnb" / "book")]


@pytest.mark.evidence("self-tests-on-colab")
def test_a_chapter_of_the_student_edition_finds_samples_and_self_tests(empty, repository):
    shutil.copytree(ROOT / "teaching", repository / "teaching")
    shutil.copy(CHAPTERS[1], repository / "book")
    (repository / "results").mkdir()
    (repository / "results" / "match.json").touch()
    git(repository, "add", ".")
    git(repository, "commit", "-m", "more")
    chapter = student.without_solutions(json.loads(CHAPTERS[1].read_text()))
    setup, checks = [c for c in chapter["cells"] if "colab" in c["metadata"].get("tags", [])]
    assert source(setup) == CELL
    found = (
        f"for _ in range(2):\n    exec({source(checks)!r})\n"
        "assert os.path.isfile('../data_samples/mix.flac')\nprint(os.getcwd())\n"
        "from checks import check_1_1\ncheck_1_1()"
    )
    for _ in range(2):  # in one kernel, and in another one after a restart
        done = run(empty, repository, then=found)
        assert done.stdout.strip() == str(empty / "bassnb" / "_build" / "student" / "book")
        last = done.stderr.splitlines()[-1]
        assert last == "AssertionError: exercise 1.1: partial, window not made yet"


def test_elsewhere_the_student_edition_uses_the_self_tests_beside_it(empty):
    done = run(empty, "https://github.com/OWNER/bassnb", on_colab=False, then=student.ON_COLAB)
    assert done.returncode == 0 and not list(empty.iterdir())


def test_an_address_where_nothing_is_stops_the_chapter_with_one_sentence(empty, tmp_path):
    done = run(empty, tmp_path / "nothing")
    assert "RuntimeError: git clone" in done.stderr and "nothing" in sentence(done)
    assert not list(empty.iterdir())


def test_a_package_that_cannot_be_had_stops_the_chapter_and_the_next_run_tries_again(
    empty, repository
):
    backend = BACKEND.replace("{all}", "no-such-package-of-a-test")
    (repository / "backend.py").write_text(backend)
    git(repository, "commit", "-a", "-m", "worse")
    done = run(empty, repository)
    assert done.returncode == 1 and "no-such-package-of-a-test" in done.stderr
    (empty / "bassnb" / "backend.py").write_text(BACKEND.replace("{all}", "numpy"))
    assert run(empty, repository).returncode == 0


def test_torch_and_numpy_are_named_as_they_were_installed(empty, repository):
    """The metadata's version; the module's may end in +cu128, which the index does not have."""
    done = run(empty, repository, then="print(kept)")
    expected = [f"{name}=={importlib.metadata.version(name)}" for name in ("torch", "numpy")]
    assert done.stdout.strip() == str(expected)
