"""The exported model: graphs of any length that answer as torch does, and files that are ours."""

import dataclasses
import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from typer.testing import CliRunner

from bassnb import export as module
from bassnb.checkpoints import System, load_pretrained, save_pretrained
from bassnb.cli import app
from bassnb.errors import BassnbError, CheckpointError
from bassnb.export import AnyLengthAttention, export, graphs
from bassnb.outputs import FILES, checksum
from bassnb.presets import SMOKE
from tests.web.conftest import lively

pytestmark = pytest.mark.slow  # each export traces four networks


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A small model of other sizes than the shipped one."""
    unet = dataclasses.replace(SMOKE.unet, widths=(24, 16), heads=4, dpb_offsets="raw")
    preset = dataclasses.replace(SMOKE, unet=unet)
    return save_pretrained(lively(System(preset)), tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx") / "new"
    return folder, export(model, folder)


def test_each_graph_answers_as_torch_does_at_lengths_that_it_was_not_traced_with(model, exported):
    folder, differences = exported
    assert set(differences) == {"encoder.onnx", "bass_encoder.onnx", "unet.onnx", "decoder.onnx"}
    assert 0 < max(differences.values()) < 1e-5
    for name, graph in graphs(load_pretrained(model)).items():
        session = onnxruntime.InferenceSession(folder / name)
        for steps in (2, 25, 300):
            inputs = graph.example(steps, 2)
            wanted = graph.network(*inputs)
            found = session.run(None, {n: x.numpy() for n, x in zip(graph.inputs, inputs)})
            for own, other in zip(wanted if isinstance(wanted, tuple) else (wanted,), found):
                np.testing.assert_allclose(other, own.detach(), atol=2e-4, rtol=1e-4)


def test_attention_in_one_piece_is_the_attention(model):
    attention = load_pretrained(model).unet.middle.attentions[0]
    x = torch.randn(2, attention.qkv.in_channels, 19, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(AnyLengthAttention(attention)(x), attention(x))


def test_large_weights_are_stored_in_half_precision(model, exported):
    folder, _ = exported
    weights = onnx.load(folder / "unet.onnx").graph.initializer
    wide = [w.name for w in weights if w.data_type == onnx.TensorProto.FLOAT]
    large = [w for w in weights if np.prod(w.dims) >= module.LARGE]
    assert large and all(w.data_type == onnx.TensorProto.FLOAT16 for w in large) and wide
    assert (folder / "unet.onnx").stat().st_size < (model / "model.safetensors").stat().st_size


def test_what_half_precision_cannot_hold_stays_wide():
    values = np.full(module.LARGE, 0.1, np.float32)
    graph = onnx.helper.make_graph([], "g", [], [], [onnx.numpy_helper.from_array(values, "w")])
    network = onnx.helper.make_model(graph)
    module.halve(network)
    assert network.graph.initializer[0].data_type == onnx.TensorProto.FLOAT


def test_the_description_has_all_that_is_around_the_networks(model, exported):
    folder, differences = exported
    about, system = json.loads((folder / "model.json").read_text()), load_pretrained(model)
    assert about["differences"] == differences and about["defaults"]["steps"]["dpm++"] == 12
    assert about["bass"]["mean"] == system.bass_autoencoder.latent_mean.tolist()
    assert about["mix"]["encoder_reach"] == system.mix_autoencoder.encoder_reach
    for name in differences:
        assert about[FILES][name] == checksum(folder / name)
        assert about["bytes"][name] == (folder / name).stat().st_size


def test_own_files_are_replaced_and_others_are_not(model, exported, tmp_path):
    folder, _ = exported
    before = (folder / "unet.onnx").read_bytes()
    assert export(model, folder) and (folder / "unet.onnx").read_bytes() == before
    (tmp_path / "unet.onnx").write_text("mine")
    with pytest.raises(BassnbError, match="unet.onnx is already there, and bassnb did not write"):
        export(model, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["unet.onnx"]
    export(model, tmp_path, force=True)
    assert (tmp_path / "unet.onnx").read_bytes() == before


def test_a_graph_that_differs_is_refused_and_nothing_is_written(model, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_DIFFERENCE", 0.0)
    with pytest.raises(CheckpointError, match="differs from torch by .* use the versions"):
        export(model, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_graph_that_answers_with_no_number_is_refused(model):
    graph = graphs(load_pretrained(model))["decoder.onnx"]
    with torch.no_grad():
        graph.network.level_head[1].bias[0] = float("nan")
    assert module.largest_difference(graph, module.as_onnx(graph)) == float("inf")


def test_the_command_says_what_it_wrote(model, tmp_path):
    done = CliRunner().invoke(app, ["export", str(model), "--out", str(tmp_path / "onnx")])
    assert done.exit_code == 0, done.stderr
    assert "unet.onnx" in done.stdout and "model.json" in done.stdout
    refused = CliRunner().invoke(app, ["export", "nowhere", "--out", str(tmp_path / "other")])
    assert refused.exit_code == 2 and "there is no model" in refused.stderr
    assert not (tmp_path / "other").exists()
