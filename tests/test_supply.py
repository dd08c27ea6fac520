"""Where everything comes from: the lock and its hashes, the oldest versions, the published checks,
what the code never does.
"""

import ast
import importlib.metadata
import os
import re
import subprocess
import sys

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.test_project import ROOT, declared, pinned

LOCK = (ROOT / "requirements.lock").read_text()
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*"))
LIBRARY = sorted((ROOT / "bassnb").rglob("*.py"))


def locked():
    """The entries of the lock: requirement and hashes."""
    entries = []
    for entry in (
        re.sub(r"\s*\\\n\s*", " ", re.sub(r"^\s*#.*\n", "", LOCK, flags=re.M)).strip().splitlines()
    ):
        head, *hashes = entry.split(" --hash=")
        entries.append((Requirement(head), hashes))
    return entries


def locked_here():
    """Version of every package of the lock that is meant for this machine."""
    here = [r for r, _ in locked() if r.marker is None or r.marker.evaluate()]
    names = [canonicalize_name(r.name) for r in here]
    assert len(set(names)) == len(names), "one package, two versions"
    return {name: next(iter(r.specifier)).version for name, r in zip(names, here)}


from_3_11 = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="the lock is for Python 3.11 and later"
)


# -- the lock --------------------------------------------------------------------------------------


def test_every_package_of_the_lock_is_one_version_with_hashes():
    assert len(locked()) > 150
    for requirement, hashes in locked():
        (pin,) = requirement.specifier
        assert pin.operator == "==" and "*" not in pin.version and requirement.url is None, (
            requirement
        )
        assert hashes and len(set(hashes)) == len(hashes), requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), requirement


def test_the_lock_names_no_place():
    assert "://" not in LOCK and not re.search(r"^(-|[^#\n]*(@ |--index|--find))", LOCK, re.M)


@from_3_11
def test_every_pin_stands_in_the_lock():
    pins = pinned("requirements.txt")
    for name, requirement in pins.items():
        assert requirement.specifier.contains(locked_here()[name]), f"{name}: run make lock"


@from_3_11
def test_nothing_that_a_locked_package_needs_is_missing():
    """Of the packages that are installed here in the version of the lock, by what they say
    themselves.
    """
    versions, seen = locked_here(), 0
    for name, version in versions.items():
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        if found.version != version:
            continue
        seen += 1
        for need in map(Requirement, found.requires or []):
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                needed = canonicalize_name(need.name)
                assert need.specifier.contains(versions[needed], prereleases=True), (
                    f"{name}: {need}"
                )
    if seen < 100:
        pytest.skip("this environment has other versions than the lock")


@from_3_11
def test_what_builds_the_package_is_locked_as_well():
    (need,) = map(
        Requirement,
        re.findall(r'^requires = \["(.+)"\]$', (ROOT / "pyproject.toml").read_text(), re.M),
    )
    # for --no-build-isolation
    assert need.specifier.contains(locked_here()[canonicalize_name(need.name)])


def dry_run(*words):
    ours = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "LOCKED")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    command = ["make", "--dry-run", "--always-make", "PYTHON=python3", *words, "test"]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_a_locked_environment_is_new_and_takes_nothing_without_a_hash():
    lines = dry_run("LOCKED=1").splitlines()
    assert any(line.strip() == "rm -rf .venv/locked" for line in lines)
    packages, itself = [line for line in lines if "pip install --disable" in line]
    assert {"--require-hashes", "--no-deps", "--only-binary", "requirements.lock"} <= set(
        packages.split()
    )
    assert {"--no-deps", "--no-build-isolation", "--editable"} <= set(itself.split())
    assert all(".venv/bin" not in line for line in lines)


def test_the_usual_environment_is_not_removed():
    assert "rm -rf" not in dry_run() and ".venv/locked" not in dry_run()


# -- the oldest versions ---------------------------------------------------------------------------


def test_the_oldest_versions_are_the_lower_bounds():
    oldest = pinned("requirements-oldest.txt")
    bounds = {
        name: need
        for group in ("dependencies", "bench", "test")
        for name, need in declared(group).items()
    }
    assert set(oldest) == set(bounds)
    for name, need in bounds.items():
        (bound,), (pin,) = need.specifier, oldest[name].specifier
        assert (bound.operator, pin.operator) == (">=", "==") and Version(bound.version) == Version(
            pin.version
        ), name


# -- the published checks --------------------------------------------------------------------------


def steps(path):
    return [
        step for job in yaml.safe_load(path.read_text())["jobs"].values() for step in job["steps"]
    ]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_may_read_and_nothing_more(path):
    text, content = path.read_text(), yaml.safe_load(path.read_text())
    assert content["permissions"] == {"contents": "read"} and content["concurrency"]
    assert "secrets." not in text and "github.token" not in text
    # `on` is a yes to YAML
    assert set(content[True]) <= {"push", "pull_request", "schedule", "release"}
    for job in content["jobs"].values():
        assert job["timeout-minutes"] <= 90


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_job_with_a_right_to_publish_runs_nothing_of_ours_and_never_for_a_pull_request(path):
    content = yaml.safe_load(path.read_text())
    for name, job in content["jobs"].items():
        if "permissions" not in job:
            continue
        assert name == "publish" and job["environment"] and job["needs"] == "build"
        assert set(job["permissions"].items()) <= {("id-token", "write"), ("pages", "write")}
        assert "pull_request" not in content[True] or job["if"] == "github.event_name == 'release'"
        commands = " ".join(step.get("run", "") for step in job["steps"])
        assert not re.search(r"\bgit\b|\bmake\b|\.ci/(?!dist\.lock)|-m build", commands)


def test_what_builds_a_distribution_is_locked():
    lock = (ROOT / ".ci" / "dist.lock").read_text()
    pins = {line.split(";")[0].split()[0] for line in lock.splitlines() if re.match(r"\w", line)}
    assert set(re.findall(r"^\w[\w.=-]+", (ROOT / ".ci" / "dist.txt").read_text(), re.M)) <= pins
    entries = (
        re.sub(r"\s*\\\n\s*", " ", re.sub(r"^\s*#.*\n", "", lock, flags=re.M)).strip().splitlines()
    )
    assert (
        len(entries) > 20
        and all("--hash=sha256:" in entry for entry in entries)
        and "://" not in lock
    )
    for script in ("run", "dist"):
        assert os.access(ROOT / ".ci" / script, os.X_OK)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_steps_run_no_movable_action_and_no_text_from_outside(path):
    for step in steps(path):
        assert re.search(r"@[0-9a-f]{40}$", step.get("uses", "@" + "0" * 40)), step
        assert "${{" not in step.get("run", ""), step  # would be pasted into the script
        subprocess.run(["bash", "-n"], input=step.get("run", ""), text=True, check=True)


def test_the_published_checks_are_ours():
    path = ROOT / ".github" / "workflows" / "ci.yml"
    (job,) = yaml.safe_load(path.read_text())["jobs"].values()
    assert "LOCKED=1 .ci/run" in [step.get("run") for step in job["steps"]]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    entries = {entry["versions"]: entry["python"] for entry in job["strategy"]["matrix"]["include"]}
    project = (ROOT / "pyproject.toml").read_text()
    assert f'requires-python = ">={entries["oldest"]}"' in project and entries["locked"] == "3.11"
    for name in job["env"]["PACKAGE_TESTS"].split():
        assert (ROOT / name).exists(), name
    policy = (ROOT / "SECURITY.md").read_text()
    for kind, python in entries.items():
        assert re.search(rf"^\| {kind} \| {re.escape(python)} \|", policy, re.M), (
            f"{kind} stands in no row"
        )


# -- what the code never does ----------------------------------------------------------------------

BUILTINS = {"eval", "exec", "compile", "__import__", "input"}
MODULES = {
    "subprocess",
    "pty",
    "ctypes",
    "socket",
    "urllib",
    "http",
    "requests",
    "marshal",
    "shelve",
    "dill",
    "joblib",
    "cloudpickle",
}
# the one program that is started, for formats that libsndfile does not read
STARTS = {"bassnb/containers/ffmpeg.py": {"subprocess"}}


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield (
                node,
                ast.unparse(node.func),
                {word.arg: ast.unparse(word.value) for word in node.keywords},
            )


@pytest.mark.evidence("nothing-evaluated-or-started")
@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_package_runs_no_text_starts_no_program_and_unpickles_nothing(path):
    tree = ast.parse(path.read_text())
    modules = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    modules |= {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 0
    }
    allowed = STARTS.get(path.relative_to(ROOT).as_posix(), set())
    assert not {name.partition(".")[0] for name in modules} & MODULES - allowed
    for node, name, words in calls(tree):
        where = f"{path.name}:{node.lineno}"
        assert name not in BUILTINS, where
        assert not re.match(
            r"os\.(system|popen|exec|spawn|posix_spawn)|pickle\.|torch\.save$", name
        ), where
        if name in ("torch.load", "torch.hub.load_state_dict_from_url"):
            assert words.get("weights_only") == "True", where
        if re.search(r"\b(np|numpy)\.load$", name):
            assert words.get("allow_pickle", "False") == "False", where
        if name.startswith("yaml."):
            assert (
                name in ("yaml.load", "yaml.safe_load", "yaml.parse", "yaml.YAMLError")
                and words.get("Loader", "SAFE") == "SAFE"
            ), where
        assert "trust_remote_code" not in words and words.get("shell", "False") == "False", where


@pytest.mark.evidence("hub-files")
def test_from_a_hub_come_the_weights_and_their_description_only(monkeypatch, tmp_path):
    import huggingface_hub

    from bassnb.checkpoints import find_model

    asked = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        huggingface_hub,
        "snapshot_download",
        lambda name, **rest: asked.append((name, rest)) or tmp_path,
    )
    assert find_model("somebody/model") == tmp_path
    assert asked == [("somebody/model", {"allow_patterns": ["model.safetensors", "config.json"]})]


# -- the policy ------------------------------------------------------------------------------------


def test_every_promise_of_the_policy_names_its_evidence():
    """That tests carry these keys is tested in tests/book/test_evidence.py."""
    text = (ROOT / "SECURITY.md").read_text()
    promises = text.partition("\n|---|---|\n")[2].partition("\n\n")[0].splitlines()
    assert len(promises) > 10 and all(
        re.fullmatch(r"\| .+\. \| `[a-z0-9-]+` \|", row) for row in promises
    )
    assert "(SECURITY.md)" in (ROOT / "README.md").read_text()
