"""The build of the engine's site: a runtime that is whole or not there, and a copy of the engine."""

import gzip
import itertools
import json
import tarfile

import page_engine
import pytest

from tests.web.conftest import ROOT, node, runtime_or_skip, small_model  # noqa: F401  a fixture


def package(folder):
    """A package as npm would give it; each file holds its own name."""
    for name in itertools.chain(*page_engine.FILES.values()):
        path = folder / "package" / "dist" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    with tarfile.open(folder / "some.tgz", "w:gz") as archive:
        archive.add(folder / "package", "package")
    return folder / "some.tgz"


def test_a_package_with_another_hash_is_not_taken(tmp_path, monkeypatch):
    other = package(tmp_path)
    monkeypatch.setattr(page_engine, "fetched", lambda folder: other)
    assert page_engine.runtime(tmp_path / "store") is None
    assert not (tmp_path / "store").exists()


def test_what_is_unpacked_is_taken_without_asking_again(tmp_path, monkeypatch):
    page_engine.unpack(package(tmp_path), tmp_path / "store")
    monkeypatch.setattr(page_engine, "fetched", None)  # calling it would fail
    assert page_engine.runtime(tmp_path / "store") == tmp_path / "store"
    facts = json.loads((tmp_path / "store" / "runtime.json").read_text())
    for backend, (program, wasm) in page_engine.FILES.items():
        files = facts["backends"][backend]
        packed = (tmp_path / "store" / files["wasm"]).read_bytes()
        assert len(packed) == files["bytes"] and gzip.decompress(packed).decode() == wasm
        assert (tmp_path / "store" / files["program"]).read_text() == program


def test_without_a_registry_there_is_no_runtime(tmp_path, monkeypatch):
    node()
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    assert page_engine.fetched(tmp_path) is None


@pytest.mark.slow
def test_a_site_without_runtime_has_engine_and_model(tmp_path, monkeypatch, small_model):  # noqa: F811
    monkeypatch.setattr(page_engine, "runtime", lambda store: None)
    assert page_engine.assemble(tmp_path, str(small_model), tmp_path / "store") is False
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    modules = {f"bassnb/{path.name}" for path in (ROOT / "bassnb" / "web").glob("*.mjs")}
    assert modules <= found and "bassnb/classroom/unet.onnx" in found
    assert "bassnb/runtime" not in found


def test_the_runtime_is_the_pinned_one():
    store = runtime_or_skip()
    facts = json.loads((store / "runtime.json").read_text())
    assert facts["version"] == page_engine.VERSION
    for files in facts["backends"].values():
        assert f"v{page_engine.VERSION}" in (store / files["program"]).read_text()[:200]


def test_the_cost_that_a_page_states_is_the_measured_one(tmp_path, monkeypatch):
    monkeypatch.setattr(page_engine, "ROOT", tmp_path)
    assert page_engine.cost() is None
    (tmp_path / "results").mkdir()
    report = {"parity": []}
    (tmp_path / "results" / "page.json").write_text(json.dumps(report))
    assert page_engine.cost() is None
    report["speed"] = {"seconds": 24.0, "page": 3.5}
    report["four_minutes"] = {"seconds": 240.0, "page": 40.0, "memory_gb": 0.9}
    (tmp_path / "results" / "page.json").write_text(json.dumps(report))
    facts = {"song": 24.0, "seconds": 3.5, "long_seconds": 40.0, "memory_gb": 0.9}
    assert page_engine.cost() == facts
