"""The package as a package: what it imports is declared, what is declared is pinned, and nothing is
left over.
"""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import bassnb

ROOT = Path(__file__).parents[1]
PROJECT = (ROOT / "pyproject.toml").read_text()


def declared(group):
    """Requirements of a list in pyproject.toml, with those of the extras that it names, by
    canonical name.
    """
    block = re.search(rf"^{group} = \[\n(.*?)^\]", PROJECT, re.S | re.M)[1]
    found = {}
    for requirement in map(Requirement, re.findall(r'^\s*"([^"]+)"', block, re.M)):  # one on a line
        if requirement.name == "bassnb":
            for extra in requirement.extras:
                found.update(declared(extra))
        else:
            found[canonicalize_name(requirement.name)] = requirement
    return found


def pinned(file):
    lines = [
        re.sub(r"(^|\s)#.*", "", line).strip() for line in (ROOT / file).read_text().splitlines()
    ]
    requirements = [Requirement(line) for line in lines if line]
    here = [r for r in requirements if r.marker is None or r.marker.evaluate()]
    return {canonicalize_name(requirement.name): requirement for requirement in here}


CALLED_OTHERWISE = {"yaml": "pyyaml"}  # modules whose package has another name


def imported():
    """Top-level names of other people's packages that bassnb imports anywhere, lazily too."""
    names = set()
    for path in (ROOT / "bassnb").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            # whose files are used, not its code
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "find_spec":
                names.update(
                    argument.value for argument in node.args if isinstance(argument, ast.Constant)
                )
            elif isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(node.module.split(".")[0])
                # a bridge of torch to a package that it does not bring
                if node.module == "torch.utils.tensorboard":
                    names.add("tensorboard")
    return {
        canonicalize_name(CALLED_OTHERWISE.get(name, name))
        for name in names - set(sys.stdlib_module_names) - {"bassnb"}
    }


def groups():
    """Names of the lists of requirements: `dependencies` and the extras."""
    return re.findall(
        r"^(\w+) = \[\n",
        PROJECT[PROJECT.index("\ndependencies") : PROJECT.index("[project.scripts]")],
        re.M,
    )


def test_what_is_imported_is_declared():
    """As a dependency or in an extra."""
    everywhere = {name for group in groups() for name in declared(group)}
    assert {"dependencies", "test"} <= set(groups())
    assert imported() <= everywhere


def test_every_requirement_has_a_bound_and_a_reason():
    """The reason is a comment, at the end of the line or above it; a hosted notebook keeps newer
    versions of its own.
    """
    for group in groups():
        block = re.search(rf"^{group} = \[\n(.*?)^\]", PROJECT, re.S | re.M)[1]
        above = ""
        for line in block.splitlines():
            text, _, comment = line.partition("#")
            if text.strip():
                (requirement,) = map(Requirement, re.findall(r'"([^"]+)"', text))
                if requirement.name == "bassnb":  # an extra that brings another one
                    continue
                operators = {bound.operator for bound in requirement.specifier}
                assert ">=" in operators or "==" in operators and group != "dependencies", line
                assert re.search(r"\w{3}", comment + above), f"why {requirement.name}?"
            above = "" if text.strip() else comment


def test_every_declared_package_is_pinned_within_its_bounds():
    pins = pinned("requirements.txt")
    # not installed here: one is for figures of others, the other wants an older pillow
    for group in set(groups()) - {"embeddings", "app"}:
        for name, requirement in declared(group).items():
            (pin,) = pins[name].specifier
            assert pin.operator == "==" and requirement.specifier.contains(pin.version), name


def test_importing_bassnb_does_not_wait_for_torch():
    code = "import sys, bassnb, bassnb.errors; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0


def test_the_public_names_are_there():
    assert bassnb.Accompanist.__module__ == "bassnb.accompanist"
    assert issubclass(bassnb.BassnbError, ValueError)
    assert not hasattr(bassnb, "no_such_name")


ADDRESSED = [
    "_config.yml",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "pyproject.toml",
    ".github/ISSUE_TEMPLATE/config.yml",
]


@pytest.mark.parametrize(
    "words, url, site",
    [
        (
            ["URL=https://github.com/you/bassnb"],
            "https://github.com/you/bassnb",
            "https://you.github.io/bassnb/",
        ),
        (
            ["URL=https://example.org/a/b/c", "SITE=https://example.org/book/"],
            "https://example.org/a/b/c",
            "https://example.org/book/",
        ),
    ],
)
def test_one_command_writes_the_address_everywhere(tmp_path, words, url, site):
    for name in ["Makefile", *ADDRESSED, "book/00_listen_first.ipynb"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for _ in range(2):  # a second time changes nothing
        subprocess.run(
            ["make", "repository", *words], cwd=tmp_path, check=True, capture_output=True
        )
        texts = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
        assert not any("/OWNER/" in text or "OWNER." in text for text in texts.values())
        assert f"[Read the book]({site})" in texts[tmp_path / "README.md"]
        assert f'Documentation = "{site}"' in texts[tmp_path / "pyproject.toml"]
        assert f'REPOSITORY = \\"{url}\\"' in texts[tmp_path / "book" / "00_listen_first.ipynb"]


def test_the_changelog_has_a_section_for_this_version():
    assert f"\n## [{bassnb.__version__}] - 20" in (ROOT / "CHANGELOG.md").read_text()


def test_version_and_citation_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == bassnb.__version__ and citation["cff-version"] == "1.2.0"
