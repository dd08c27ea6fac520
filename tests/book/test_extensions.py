"""What the build adds to Sphinx: when a chapter is executed again, which sounds a site holds, what a page may cost."""

import importlib.util

import pytest

from tests.book.test_notebooks import ROOT


def load(name):
    spec = importlib.util.spec_from_file_location(f"book_{name}", ROOT / "book" / "_extensions" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cached, own_site, budgets = load("cached_execution"), load("own_site"), load("budgets")


@pytest.fixture
def project(tmp_path):
    """A small project with the folders that a chapter can depend on."""
    for name in ("bassnb/widgets", "data_samples", "results/chapters", "book", "bassnb/__pycache__"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("bassnb/unet.py", "bassnb/widgets/deck.js", "data_samples/mix.flac", "results/chapters/05.json",
                 "requirements.txt", "requirements-nodeps.txt", "book/index.md", "book/broken.yml", "bassnb/__pycache__/unet.pyc"):  # fmt: skip
        (tmp_path / name).write_text("before")
    return tmp_path


@pytest.mark.parametrize(
    "name",
    ["bassnb/unet.py", "bassnb/widgets/deck.js", "data_samples/mix.flac", "results/chapters/05.json", "requirements.txt",
     "book/broken.yml"],
)
def test_an_edit_of_what_chapters_depend_on_changes_the_fingerprint(project, name):
    before = cached.fingerprint(project)
    (project / name).write_text("after")
    assert cached.fingerprint(project) != before
    (project / name).write_text("before")
    assert cached.fingerprint(project) == before


def test_a_new_a_renamed_and_a_removed_file_change_it_too(project):
    seen = {cached.fingerprint(project)}
    (project / "bassnb" / "wings.py").write_text("before")
    seen.add(cached.fingerprint(project))
    (project / "bassnb" / "wings.py").rename(project / "bassnb" / "tail.py")
    seen.add(cached.fingerprint(project))
    (project / "data_samples" / "mix.flac").unlink()
    seen.add(cached.fingerprint(project))
    assert len(seen) == 4


def test_prose_and_byte_code_do_not_change_it(project):
    before = cached.fingerprint(project)
    (project / "book" / "index.md").write_text("after")
    (project / "bassnb" / "__pycache__" / "unet.pyc").write_text("after")
    assert cached.fingerprint(project) == before


def test_caches_not_used_for_long_are_removed(project):
    folders = []
    for edit in range(cached.KEPT + 2):
        (project / "bassnb" / "unet.py").write_text(str(edit))
        folders.append(cached.choose_cache(project))
    assert [folder.is_dir() for folder in folders] == [False] * 2 + [True] * cached.KEPT


def test_a_site_holds_the_sounds_and_pictures_that_its_pages_name_and_no_others(tmp_path):
    cache, html = tmp_path / "cache", tmp_path / "html"
    (cache / "audio").mkdir(parents=True)
    (html / "book").mkdir(parents=True)
    (html / "_static" / "audio").mkdir(parents=True)
    unused, sound, picture, old = "0" * 20 + ".mp3", "1" * 20 + ".mp3", "2" * 20 + ".webp", "3" * 20 + ".mp3"
    for name in (unused, sound, picture):
        (cache / "audio" / name).write_bytes(b"content")
    (html / "_static" / "audio" / old).write_bytes(b"of an older page")
    (html / "book" / "page.html").write_text(f'<audio src="../_static/audio/{sound}"><img src="../_static/audio/{picture}">')
    cached.copy_media(cache, html)
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
