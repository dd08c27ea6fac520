"""Models from strangers: damaged, forged or of another make, they are refused in a sentence, and
ask for no memory.
"""

import json
import random
import resource
import struct

import pytest
import torch

from bassnb.checkpoints import System, load_pretrained, outline, read_config, save_pretrained
from bassnb.errors import BassnbError, CheckpointError
from bassnb.presets import get_preset
from bassnb.stored import read_tensors, write_json, write_tensors
from tests.amounts import cases

pytestmark = pytest.mark.evidence("bounded-configurations")

# to be spoilt at random
CONFIGURATIONS, HEADERS = cases(500, 2500), cases(2000, 8000)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return save_pretrained(System(get_preset("smoke")), tmp_path_factory.mktemp("model"))


@pytest.fixture
def model(whole, tmp_path):
    """A copy that a test may spoil."""
    for path in whole.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def refused(folder, *words):
    with pytest.raises(BassnbError) as error:
        load_pretrained(folder)
    assert "\n" not in str(error.value) and all(word in str(error.value) for word in words), (
        error.value
    )


def test_every_kind_of_damage_to_the_weights(model):
    path = model / "model.safetensors"
    data = path.read_bytes()
    for cut in (0, 4, 8, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:cut])
        refused(model, "model.safetensors")
    for place in (len(data) - 5, len(data) // 2):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        refused(model, "is not the file that config.json names")
    path.write_bytes(data)
    load_pretrained(model)


def without_checksum(model):
    config = json.loads((model / "config.json").read_text())
    del config["sha256"]
    write_json(model / "config.json", config)


@pytest.mark.evidence("tensors-of-other-types")
def test_tensors_that_do_not_fit(model):
    without_checksum(model)
    path = model / "model.safetensors"
    tensors = read_tensors(path)[0]
    tensors = {name: tensor.clone() for name, tensor in tensors.items()}
    name = next(iter(tensors))
    write_tensors(path, {**tensors, "more": torch.zeros(1)})
    refused(model, "more is unexpected")
    write_tensors(path, {key: tensor for key, tensor in tensors.items() if key != name})
    refused(model, f"{name} is missing")
    write_tensors(path, {**tensors, name: torch.zeros(3, 3, 3, 3)})
    refused(model, name, "has shape (3, 3, 3, 3)")
    write_tensors(path, {**tensors, name: torch.full_like(tensors[name], float("nan"))})
    refused(model, name, "no numbers")
    for kind in (torch.int8, torch.int64, torch.float64, torch.bool):
        write_tensors(path, {**tensors, name: torch.ones(tensors[name].shape).to(kind)})
        refused(model, name, str(kind))
    write_tensors(path, {**tensors, name: torch.ones(tensors[name].shape).to(torch.int8)})
    data = path.read_bytes()
    end = 8 + struct.unpack("<Q", data[:8])[0]
    for kind in ("F8_E4M3", "F8_E8M0", "BOOL", "F5", ""):  # other types of 8 bits, and none
        header = json.loads(data[8:end])
        header[name]["dtype"] = kind
        text = json.dumps(header).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + data[end:])
        refused(model)


def test_a_pickle_is_never_opened(model):
    """A pickle that would leave a file behind if anybody opened it."""

    class Trap:
        def __reduce__(self):
            return (open, (str(model / "sprung"), "w"))

    torch.save(Trap(), model / "model.safetensors")
    refused(model, "no whole safetensors file")
    (model / "pytorch_model.bin").write_bytes((model / "model.safetensors").read_bytes())
    (model / "model.safetensors").unlink()
    refused(model, "is missing")
    assert not (model / "sprung").exists()


def test_huge_sizes_in_the_header_ask_for_no_memory(model):
    without_checksum(model)
    for header in (
        {"x": {"dtype": "F16", "shape": [10**9, 10**6], "data_offsets": [0, 2 * 10**15]}},
        {"x": {"dtype": "F16", "shape": [2**62], "data_offsets": [0, 8]}},
    ):
        text = json.dumps(header).encode()
        (model / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(8))
        refused(model, "no whole safetensors file")
    (model / "model.safetensors").write_bytes(struct.pack("<Q", 2**60) + b"{}")
    refused(model, "no whole safetensors file")


@pytest.mark.evidence("oversized-configuration")
@pytest.mark.parametrize(
    "change",
    [
        {"unet": {"widths": [10**6] * 4}},
        {"unet": {"widths": [10**12, 1]}},
        {"unet": {"blocks": 10**9}},
        {"unet": {"heads": 0}},
        {"unet": {"heads": 7}},
        {"unet": {"widths": []}},
        {"unet": {"attention": [True]}},
        {"unet": {"dpb_offsets": "__import__('os')"}},
        {"mix": {"hop": 0}},
        {"mix": {"bins": 10**7}},
        {"mix": {"encoder_widths": [16] * 60}},
        {"mix": {"log_eps": "small"}},
        {"bass": {"latent_channels": -1}},
        {"bass": {"latent_channels": 10**7}},
        {"bass": {"phase_blocks": 10**8}},
        {"bass": {"channels": 1}},
        {"unet": {"mix_channels": 3}},
        {"unet": {"unknown": 1}},
        {"critic": {"widths": None}},
        {"mix_training": {"steps": 1e99}},
        {"diffusion_training": None},
        {"name": None, "unet": 3},
    ],
    ids=str,
)
def test_a_configuration_that_cannot_be_built(model, change):
    config = json.loads((model / "config.json").read_text())
    for part, fields in change.items():
        if isinstance(fields, dict):
            config["preset"][part].update(fields)
        else:
            config["preset"][part] = fields
    write_json(model / "config.json", config)
    refused(model)


def test_older_and_newer_configurations(model):
    """What an older version did not write has its default; what a newer one knows more is refused."""
    config = json.loads((model / "config.json").read_text())
    for key in ("sha256", "stem"):
        del config[key]
    for part, key in (
        ("diffusion_training", "times"),
        ("bass", "projections"),
        ("bass_training", "settle_start"),
    ):
        del config["preset"][part][key]
    write_json(model / "config.json", config)
    assert load_pretrained(model).stem == "bass"
    config["preset"]["unet"]["flash"] = True
    write_json(model / "config.json", config)
    refused(model, "flash", "does not fit this version")


@pytest.mark.parametrize(
    "name",
    [
        "../../etc",
        "a/b/c",
        "",
        "-",
        "owner/..",
        "https://x/y",
        "~/x",
        "a\0b",
        "x" * 5000,
        "../x/y",
        ".",
    ],
)
def test_names_that_are_no_models(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(BassnbError):
        load_pretrained(name)


def spoilt_json(rng, text):
    """JSON with a few values replaced by odd ones, or characters changed."""
    if rng.random() < 0.3:
        place = rng.randrange(len(text))
        return (
            text[:place]
            + rng.choice(
                ["", "0", "9" * rng.randint(1, 400), "[", "}", '"', "\0", "é", "-", "1e999", "NaN"]
            )
            + text[place + 1 :]
        )
    content = json.loads(text)
    for _ in range(rng.randint(1, 3)):
        holder = content
        while True:
            key = (
                rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
            )
            if not isinstance(holder[key], (dict, list)) or not holder[key] or rng.random() < 0.1:
                break
            holder = holder[key]
        holder[key] = rng.choice(
            [
                None,
                -1,
                0,
                1,
                3,
                10**6,
                10**9,
                10**30,
                0.5,
                1e308,
                "x",
                [],
                {},
                [1],
                [[]],
                True,
                holder[key],
                [2] * 50,
            ]
        )
    return json.dumps(content)


def memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_fuzzed_configurations_are_refused_or_can_be_outlined(whole, tmp_path, tally):
    """Nothing but a sentence stops them, and nothing is built."""
    rng, text, before, counts = (
        random.Random(0),
        (whole / "config.json").read_text(),
        memory(),
        {"refused": 0, "fine": 0},
    )
    for _ in range(CONFIGURATIONS):
        tally()
        (tmp_path / "config.json").write_text(spoilt_json(rng, text))
        try:
            outline(read_config(tmp_path / "config.json")["preset"], tmp_path / "config.json")
            counts["fine"] += 1
        except BassnbError as error:
            assert "\n" not in str(error)
            counts["refused"] += 1
    assert min(counts.values()) > CONFIGURATIONS // 20 and memory() - before < 300


def test_fuzzed_headers_are_refused_or_read(whole, tmp_path, tally):
    rng, data, path, before = (
        random.Random(1),
        (whole / "model.safetensors").read_bytes(),
        tmp_path / "f.safetensors",
        memory(),
    )
    size = 8 + struct.unpack("<Q", data[:8])[0]
    header, body, refusals = bytearray(data[:size]), data[size:], 0
    for _ in range(HEADERS):
        tally()
        spoilt = bytearray(header)
        for _ in range(rng.randint(1, 4)):
            spoilt[rng.randrange(8 if rng.random() < 0.1 else len(spoilt))] = rng.choice(
                b'0123456789{}[],:"F\xff\0' + bytes([rng.randrange(256)])
            )
        path.write_bytes(bytes(spoilt) + body)
        try:
            read_tensors(path)
        except CheckpointError as error:
            refusals += 1
            assert "\n" not in str(error)
    assert refusals > HEADERS // 2 and memory() - before < 300
