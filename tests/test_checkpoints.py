"""What is saved comes back; what is wrong, truncated or foreign is refused in one sentence."""

import json
import pickle

import pytest
import torch

from bassnb.accompanist import Accompanist
from bassnb.checkpoints import System, adopt_defaults, find_model, load_pretrained, save_pretrained
from bassnb.errors import CheckpointError
from bassnb.presets import SMOKE
from bassnb.stored import read_tensors, write_tensors


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    return save_pretrained(System(SMOKE, {"guidance": 3.0, "phi": 0.5}), tmp_path / "model")


def test_round_trip_in_half_precision(folder):
    torch.manual_seed(0)
    original, loaded = System(SMOKE), load_pretrained(folder)
    assert loaded.preset == SMOKE and loaded.defaults == {"guidance": 3.0, "phi": 0.5}
    for (name, a), (other, b) in zip(original.state_dict().items(), loaded.state_dict().items()):
        assert name == other and torch.equal(a.half().float(), b)
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())
    assert sorted(p.name for p in folder.iterdir()) == ["config.json", "model.safetensors"]


def test_adopted_defaults_are_loaded_and_leave_the_rest(folder):
    adopt_defaults(folder, guidance=4.0)
    assert load_pretrained(folder).defaults == {"guidance": 4.0, "phi": 0.5}
    adopt_defaults(folder, guidance_rule="apg", guidance_interval="0.2-0.8")
    assert load_pretrained(folder).preset == SMOKE
    settings = Accompanist.from_pretrained(folder).settings()
    assert (settings["guidance_rule"], settings["guidance_interval"]) == ("apg", "0.2-0.8")
    adopt_defaults(folder, guidance_rule="none such")
    with pytest.raises(CheckpointError, match="guidance_rule is 'none such'.* cfg, apg"):
        load_pretrained(folder)


@pytest.mark.parametrize("keep", [0, 4, 100, 0.5, 0.999])
def test_truncated_weights_are_refused(folder, keep):
    path = folder / "model.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    with pytest.raises(CheckpointError, match="safetensors"):
        load_pretrained(folder)


@pytest.mark.evidence("no-pickles")
def test_a_pickle_in_disguise_is_never_opened(folder):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was opened",))

    (folder / "model.safetensors").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(CheckpointError):
        load_pretrained(folder)


@pytest.mark.parametrize("change", ["missing", "unexpected", "shape"])
def test_foreign_tensors_are_refused_by_name(folder, change):
    tensors, _ = read_tensors(folder / "model.safetensors")
    name = "unet." + next(n.removeprefix("unet.") for n in tensors if n.startswith("unet."))
    if change == "missing":
        del tensors[name]
    elif change == "unexpected":
        name = "unet.wings"
        tensors[name] = torch.zeros(1)
    else:
        tensors[name] = torch.zeros(3, 1, 4)
    write_tensors(folder / "model.safetensors", tensors)
    with pytest.raises(CheckpointError, match=name):
        load_pretrained(folder)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"preset": 3}', '{"preset": {"name": "x"}}', "[" * 100_000]
)
def test_broken_configs_are_refused(folder, text):
    (folder / "config.json").write_text(text)
    with pytest.raises(ValueError) as error:
        load_pretrained(folder)
    assert "\n" not in str(error.value)


def test_unknown_models_are_refused():
    for name in ("no-such-model", "../escape/../x", ""):
        with pytest.raises(CheckpointError, match="there is no model"):
            find_model(name)


def test_config_is_readable_by_people(folder):
    config = json.loads((folder / "config.json").read_text())
    assert config["preset"]["bass"]["latent_channels"] == 32
