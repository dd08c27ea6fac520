"""Every setting at its limits, beyond them, and of the wrong kind: a finite bass as long as the
mix, or a sentence.
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from bassnb.audio import read_audio
from bassnb.errors import AudioError, BassnbError
from tests.refusals import assert_sentence

SLAP = str(Path(__file__).parents[2] / "data_samples" / "styles" / "slap-1.flac")
WAVE = 0.1 * torch.sin(torch.arange(9000) / 10).expand(2, -1)
NOT_NUMBERS = ["x", True, [1], math.nan, math.inf, torch.tensor(1.0), {}, b"1"]
FINE = {
    "guidance": [0, 1, 20, 2.5, None, np.float32(2), np.int64(3)],
    "phi": [0, 1, 0.5, None, np.float64(0.7)],
    "strength": [0, 1, 2, None, np.float32(1.5)],
    "steps": [1, 2, 256, None, np.int64(3)],
    "seed": [0, 2**62, np.int64(5), np.uint8(7)],
    "variations": [1, 2, np.int64(2)],
    "sampler": ["ddim", "dpm++", None],
    "sample_rate": [1000, 8000, 44_100.0, 192_000, 1_000_000, np.float32(48_000)],
    "style": [None, WAVE, [WAVE.numpy()], SLAP],
}
REFUSED = {
    "guidance": [-0.1, 20.1, 1e300, *NOT_NUMBERS],
    "phi": [-0.01, 1.01, *NOT_NUMBERS],
    "strength": [-1, 2.1, *NOT_NUMBERS],
    "steps": [0, -1, 1001, 1.5, 10**30, *NOT_NUMBERS],
    "seed": [-1, 2**62 + 1, 0.5, None, *NOT_NUMBERS],
    "variations": [0, -1, 101, 1.5, None, *NOT_NUMBERS],
    "sampler": ["euler", "", 1, [], {}, True],
    "sample_rate": [0, -1, 999, 1_000_001, 1e-9, None, *NOT_NUMBERS],
    "style": [
        "",
        "missing.wav",
        [],
        [None],
        1,
        torch.zeros(2, 9000),
        torch.ones(2, 10),
        torch.ones(2, 3, 4),
        np.zeros((2, 0)),
        b"x",
    ],
}
MIXES = [
    None,
    1,
    "",
    "missing.wav",
    [],
    {},
    b"x",
    torch.zeros(0),
    torch.zeros(2, 900),
    torch.ones(2, 3, 4),
    np.array(["a"]),
    torch.ones(2, 900, dtype=torch.complex64),
    torch.ones(2, 900, dtype=torch.bool),
    np.full((2, 900), np.nan),
]


def pairs(table):
    return [
        pytest.param(name, value, id=f"{name}={value!r:.25}")
        for name, values in table.items()
        for value in values
    ]


@pytest.fixture(scope="module")
def mix():
    return 0.1 * torch.randn(2, 6000, generator=torch.Generator().manual_seed(0))


def play(accompanist, mix, name, value):
    given = {
        "steps": 2,
        "style": WAVE if name == "strength" else None,
        name: value,
    }
    if name == "variations":
        return accompanist.takes(mix, given.pop(name), **given)
    return [accompanist(mix, **given)]


@pytest.mark.evidence("settings-at-their-limits")
@pytest.mark.parametrize("name, value", pairs(FINE))
def test_at_the_limits_there_is_a_bass(accompanist, mix, name, value):
    for take in play(accompanist, mix, name, value):
        rate = value if name == "sample_rate" else 44_100
        assert (
            take.audio.shape == (2, round(6000 * 44_100 / float(rate)))
            and take.audio.isfinite().all()
        )
        assert float(take.audio.abs().max()) <= 1
        json.dumps(take.settings)


@pytest.mark.parametrize("name, value", pairs(REFUSED))
def test_beyond_the_limits_there_is_a_sentence(accompanist, mix, name, value):
    with pytest.raises(BassnbError) as error:
        play(accompanist, mix, name, value)
    assert_sentence(error.value)
    assert any(word in str(error.value) for word in (name, name.replace("_", " "), str(value))), (
        error.value
    )


@pytest.mark.parametrize("source", MIXES, ids=lambda source: f"{source!r:.25}")
def test_what_is_no_mix_is_refused(accompanist, source):
    with pytest.raises(BassnbError) as error:
        accompanist(source, steps=1)
    assert_sentence(error.value)


@pytest.mark.parametrize("guidance", [0, 0.5, 1, 3, 7, 12, 20])
@pytest.mark.parametrize("phi", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("steps", [1, 2, 17, 256])
def test_no_setting_gives_a_value_that_is_no_number(accompanist, guidance, phi, steps):
    c_x = torch.randn(1, 64, 12, generator=torch.Generator().manual_seed(1))
    for sampler in ("ddim", "dpm++"):
        settings = accompanist.settings(guidance=guidance, phi=phi, steps=steps, sampler=sampler)
        assert accompanist.sample(c_x, [0], **settings).isfinite().all()


def test_an_unknown_setting_names_those_there_are(accompanist):
    with pytest.raises(BassnbError, match="volume.*guidance"):
        accompanist.settings(volume=11)


@pytest.mark.evidence("impossible-sample-rates")
def test_files_with_rates_that_nothing_has_are_refused(tmp_path):
    for rate in (1, 999, 2_000_000):
        soundfile.write(tmp_path / "r.wav", np.ones((50, 2)) * 0.1, rate)
        with pytest.raises(AudioError, match="sample rate"):
            read_audio(tmp_path / "r.wav")
