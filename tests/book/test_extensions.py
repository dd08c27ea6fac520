"""Extensions of the build: repeated execution of chapters, sounds of a site, page sizes."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import budgets
import cached_execution as cached
import chapter_state
import nbformat
import own_site
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.book.test_notebooks import CHAPTERS, ROOT


def chapter_of(root, *sources, name="01_chapter"):
    """A notebook with these code cells in a project; returns its path."""
    path = root / "book" / f"{name}.ipynb"
    cells = [source if isinstance(source, dict) else new_code_cell(source) for source in sources]
    nbformat.write(
        new_notebook(
            cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        ),
        path,
    )
    return path


@pytest.fixture
def project(tmp_path):
    """A small project with a package, data and a chapter that depends on some of both."""
    files = {
        "bassnb/__init__.py": "",
        "bassnb/weights/model.bin": "weights",
        "bassnb/unet.py": "from bassnb.layers import *",
        "bassnb/layers.py": "def late():\n    from bassnb import loud\n    open('../results/chapters/loud.json')",
        "bassnb/loud.py": "",
        "bassnb/cli.py": "",
        "bassnb/__main__.py": "import bassnb.cli",
        "bassnb/composer/__init__.py": "",
        "bassnb/composer/songs.py": "",
        "bassnb/widgets/__init__.py": "",
        "bassnb/widgets/deck.js": "",
        "bassnb/__pycache__/unet.pyc": "",
        "data_samples/pop/mix.flac": "",
        "results/chapters/loud.json": "",
        "results/match.json": "",
        "requirements.txt": "",
        "book/index.md": "",
        "book/broken.yml": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    chapter_of(
        tmp_path,
        "from bassnb import unet\nfrom pathlib import Path\n%matplotlib inline",
        'Path("../data_samples")',
    )
    return tmp_path


def key_of(root):
    return chapter_state.key(root / "book" / "01_chapter.ipynb", root)


@pytest.mark.parametrize(
    "name",
    [
        "bassnb/__init__.py",
        "bassnb/weights/model.bin",
        "bassnb/unet.py",
        "bassnb/layers.py",
        "bassnb/loud.py",
        "data_samples/pop/mix.flac",
        "data_samples/pop/new.flac",
        "results/chapters/loud.json",
        "requirements.txt",
    ],
)
def test_an_edit_of_what_a_chapter_depends_on_changes_its_key(project, name):
    before, path = key_of(project), project / name
    text = path.read_text() if path.is_file() else None
    path.write_text("after = 1")
    assert key_of(project) != before
    path.unlink() if text is None else path.write_text(text)
    assert key_of(project) == before


@pytest.mark.parametrize(
    "name",
    [
        "bassnb/composer/songs.py",
        "bassnb/widgets/deck.js",
        "bassnb/cli.py",
        "bassnb/__pycache__/unet.pyc",
        "results/match.json",
        "book/index.md",
        "book/broken.yml",
        "bassnb/new.py",
    ],
)
def test_an_edit_of_anything_else_does_not(project, name):
    before = key_of(project)
    (project / name).write_text("after = 1")
    assert key_of(project) == before


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("import bassnb.composer.songs", "bassnb/composer/songs.py"),
        ("from bassnb.composer import songs", "bassnb/composer/songs.py"),
        ("def late():\n    import bassnb.composer.songs as s", "bassnb/composer/songs.py"),
        ("mock.patch('bassnb.composer.songs.compose')", "bassnb/composer/songs.py"),
        ("from bassnb.widgets import listen", "bassnb/widgets/deck.js"),
        ("run([sys.executable, '-m', 'bassnb', 'play'])", "bassnb/cli.py"),
        ("open('broken.yml')", "book/broken.yml"),
        ("open(f'../results/{name}.json')", "results/match.json"),
        ("import _ledger", "bassnb/composer/songs.py"),
    ],
)
def test_every_way_of_naming_a_dependency_counts(project, code, name):
    (project / "book" / "_ledger.py").write_text("")
    path = chapter_of(project, "import sys", code)
    assert project / name in chapter_state.dependencies(path, project)


def test_code_and_tags_of_a_chapter_change_its_key_and_its_text_does_not(project):
    plain, text = new_code_cell("1"), new_markdown_cell("text")
    chapter_of(project, plain)
    keys = [key_of(project)]
    for cells in (
        [text, plain],
        [new_code_cell("2")],
        [new_code_cell("1", metadata={"tags": ["hide-input"]})],
    ):
        chapter_of(project, *cells)
        keys.append(key_of(project))
    assert keys[0] == keys[1] and len(set(keys)) == 3


def test_a_chapter_depends_on_every_module_that_python_imports_for_it():
    """The dependencies found in the sources include all modules that an interpreter loads."""
    loaded = "import json, sys, bassnb.cli, bassnb.commands; print(json.dumps([m.__file__ for n, m in sys.modules.items() if n[:6] == 'bassnb']))"
    run = subprocess.run(
        [sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = {os.path.relpath(file, ROOT) for file in json.loads(run.stdout)}
    # it starts the program
    program = {
        path.relative_to(ROOT).as_posix() for path in chapter_state.dependencies(CHAPTERS[8])
    }
    assert len(files) > 5 and files <= program


def test_the_chapters_depend_on_the_samples_that_they_play():
    for chapter in CHAPTERS:
        assert ROOT / "data_samples" / "pop" / "mix.flac" in chapter_state.dependencies(chapter), (
            chapter.stem
        )


# -- one execution ---------------------------------------------------------------------------------


def checked(source, text):
    """A cell that asks nbval to compare its output with this one."""
    return new_code_cell(
        f"# NBVAL_CHECK_OUTPUT\n{source}",
        outputs=[new_output("stream", text=text)],
        execution_count=1,
    )


@pytest.fixture
def judged(project):
    """A function that tests the chapters of the project; returns the outcomes by chapter."""
    for name in ("conftest.py", "_extensions"):
        (project / "book" / name).symlink_to(ROOT / "book" / name)
    (project / "conftest.py").write_text(
        "import cached_execution, chapter_state, pathlib\n"
        "root = pathlib.Path(__file__).parent\n"
        "cached_execution.run_once.__defaults__ = (root,)\n"
    )

    def judged(*words):
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "--nbval-lax",
            "-rA",
            "book",
            *words,
        ]
        path = {"PYTHONPATH": str(ROOT / "book" / "_extensions"), "PYTEST_ADDOPTS": "--rootdir=."}
        run = subprocess.run(
            command,
            cwd=project,
            env={**os.environ, **path},
            capture_output=True,
            text=True,
            check=False,
        )
        return run.stdout + run.stderr

    return judged


def test_nbval_judges_one_execution(project, judged):
    """Errors, differing outputs and timeouts fail; unchanged chapters are not run again."""
    (project / "book" / "01_chapter.ipynb").unlink()
    count = "open('count', 'a').write('x');"
    chapter_of(
        project,
        f"{count} from bassnb.unet import *",
        checked("print(6 * 7)", "42\n"),
        "display(1); 2",
        name="01_good",
    )
    chapter_of(project, checked("print(6 * 7)", "41\n"), "pass", name="02_differs")
    chapter_of(project, "1", "raise RuntimeError('a hen')", "3", name="03_fails")
    chapter_of(project, "1", "import time; time.sleep(60)", name="04_slow")
    first = judged("--nbval-cell-timeout=8")
    assert "4 failed, 6 passed" in first, first
    assert "Cell outputs differ" in first and "a hen" in first and "timed out" in first, first
    again = judged("-k", "01_good or 02_differs")
    assert (
        "4 unchanged" in again
        and "1 failed" in again
        and "not executed again: 01_good, 02_differs" in again
    ), again
    assert (project / "book" / "count").read_text() == "x"
    (project / "bassnb" / "unet.py").write_text("x = 1")
    assert "3 passed" in judged("-k", "01_good")
    assert (project / "book" / "count").read_text() == "xx"


def test_states_not_used_for_long_are_removed(project, monkeypatch):
    chapter = project / "book" / "01_chapter.ipynb"
    monkeypatch.setattr(
        cached,
        "execute",
        lambda chapter, timeout, audio: (audio.mkdir(parents=True), new_notebook(), None)[1:],
    )
    folders = []
    for edit in range(cached.KEPT + 2):
        (project / "bassnb" / "unet.py").write_text(str(edit))
        assert cached.run_once(chapter, 1, project)[2]
        folders.append(cached.stored(chapter, project))
        os.utime(folders[-1], (edit, edit))
    assert not cached.run_once(chapter, 1, project)[2]
    assert [folder.is_dir() for folder in folders] == [False] * 2 + [True] * cached.KEPT


def test_a_site_holds_the_sounds_and_pictures_that_its_pages_name_and_no_others(tmp_path):
    cache, html = tmp_path / "cache", tmp_path / "html"
    (cache / "audio").mkdir(parents=True)
    (html / "book").mkdir(parents=True)
    (html / "_static" / "audio").mkdir(parents=True)
    unused, sound, picture, old = (
        "0" * 20 + ".mp3",
        "1" * 20 + ".mp3",
        "2" * 20 + ".webp",
        "3" * 20 + ".mp3",
    )
    for name in (unused, sound, picture):
        (cache / "audio" / name).write_bytes(b"content")
    (html / "_static" / "audio" / old).write_bytes(b"of an older page")
    (html / "book" / "page.html").write_text(
        f'<audio src="../_static/audio/{sound}"><img src="../_static/audio/{picture}">'
    )
    cached.copy_media([cache / "audio"], html)
    assert sorted(path.name for path in (html / "_static" / "audio").iterdir()) == [sound, picture]


def test_formulas_come_with_the_site_in_a_few_megabytes(tmp_path):
    own_site.copy_mathjax(tmp_path)
    assert (tmp_path / "_static" / "mathjax" / own_site.PROGRAM).is_file()
    assert sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()) < 5e6


def test_costs_over_budget_are_named(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "heavy.html").write_bytes(b" " * (budgets.PAGE + 1))
    (tmp_path / "book" / "light.html").write_bytes(b" ")
    costs = budgets.measure(tmp_path, {"slow": budgets.SECONDS + 1.0, "fast": 1.0})
    summary, *over = budgets.sentences(costs)
    assert "2 pages" in summary and len(over) == 2
    assert "slow took" in over[0] and "heavy.html" in over[1]


@pytest.mark.parametrize(
    "url, hidden",
    [
        ("https://github.com/OWNER/bassnb", True),
        ("https://github.com/DOWNER/bassnb", False),
        ("https://example.org/a/b", False),
    ],
)
def test_launch_buttons_wait_for_an_address(url, hidden):
    buttons = {"colab_url": "https://colab.research.google.com"}
    config = SimpleNamespace(
        html_theme_options={"repository_url": url, "launch_buttons": dict(buttons)}
    )
    own_site.hide_launch_buttons(None, config)
    assert config.html_theme_options["launch_buttons"] == ({} if hidden else buttons)
