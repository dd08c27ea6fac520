"""The engine of the pages in node: its parts against numbers that torch made, and all of it."""

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bassnb import level, sampling, spectral
from bassnb.grounding import ground, style_mean
from bassnb.guidance import rescale
from bassnb.settings import ControlSettings, TakeSettings
from bassnb.waves import resample
from bassnb.windows import windowed
from tests.web import control_numbers
from tests.web.conftest import ROOT, as_json, node, song

HERE = Path(__file__).parent
LINES = 95  # percent of the engine that its tests have to run
CHORDS = {"chords": "Am F/C N.C. G7", "tempo": 240.0, "bars_per_chord": 0.3, "chord_level": 3.0}
SETTINGS = [
    {"sampler": "ddim", "steps": 3, "guidance": 2.5, "phi": 0.7, "seed": 5},
    {"sampler": "dpm++", "steps": 4, "guidance": 6.0, "phi": 0.0, "seed": 2**40 + 7},
    {"sampler": "dpm++", "steps": 4, "guidance_rule": "apg", "phi": 0.3, "seed": 6},
    {"sampler": "ddim", "steps": 4, "guidance_interval": "0.3-0.8", "seed": 6},
    {"sampler": "dpm++", "steps": 3, "guidance": 1.0, "tuning": -31.0, "seed": 1},
    {"sampler": "ddim", "steps": 2, "guidance": 0.0, "strength": 0.6, "style": True, "seed": 1},
    {"sampler": "dpm++", "steps": 3, "strength": 1.7, "style": True, "seed": 2},
    {"sampler": "dpm++", "steps": 3, "phi": 0.5, "region": (0.5, 0.9), "seed": 3},
    {"sampler": "ddim", "steps": 2, "style": True, "region": (0.0, 0.4), "seed": 4},
    {"sampler": "dpm++", "steps": 3, "phi": 0.5, "seed": 3, **CHORDS},
    {"sampler": "ddim", "steps": 2, "seed": 3, "tuning": -31.0, **CHORDS},
]


def noises():
    """Draws of `torch.randn`: every remainder of 16, and seeds of more than 32 bits."""
    for seed in (0, 1, 2**31 + 5, 2**62):
        for size in [*range(1, 34), 32 * 259]:
            drawn = torch.randn(size, generator=torch.Generator().manual_seed(seed))
            yield {"seed": str(seed), "size": size, "numbers": drawn.tolist()}


def spectra():
    """A transform of a length that no hop divides, and the ways back."""
    wave = song(0.05)
    spectrum = spectral.stft(wave, 256, 64, 33)
    back = spectral.istft(spectrum, 256, 64, 2100)
    low = spectral.istft(spectrum, 256, 64, 2101, decimation=2)
    return {
        "wave": wave.tolist(),
        "real": spectrum.real.flatten().tolist(),
        "imaginary": spectrum.imag.flatten().tolist(),
        "back": back.tolist(),
        "low": low.tolist(),
        "mirrored": spectral.mirrored(wave[:, :50], 120, 70).tolist(),
    }


def levels():
    """What is audible of a song with an offset and a rest, and its level."""
    wave = torch.cat([song(2.0), torch.zeros(2, 100_000), song(1.3, 1)], -1)
    heard = torch.cat(list(level.audible([wave])), -1)
    found = level.measure([heard])
    return {
        "wave": wave.tolist(),
        "audible": heard[:, :5000].tolist(),
        "level": found.level,
        "peak": found.peak,
        "sounding": found.sounding.tolist(),
    }


def samplers():
    """Both samplers with a denoiser that anybody can compute, and with grounding."""
    z = torch.randn(1, 4, 6, generator=torch.Generator().manual_seed(3))
    style, steps = torch.tensor([1.0, -1.0, 0.5, 0.0])[None, :, None], torch.arange(6) != 2

    def denoise(z, t):
        return torch.tanh(z) * (1 - 0.5 * t[:, None, None]) + 0.1

    def correct(c, beta):
        return ground(c, style, beta, 1.3, steps)

    run = lambda sampler: sampler(denoise, z, 5, ground=correct).flatten().tolist()
    guided = z * 3 + 0.2
    return {
        "z": z.flatten().tolist(),
        "ddim": run(sampling.ddim),
        "dpm++": run(sampling.dpm_solver),
        "rescaled": rescale(guided, z, 0.7, steps).flatten().tolist(),
        "mean": style_mean(z[..., steps]).flatten().tolist(),
        "weak": ground(z, style, 0.8, 0.4, steps).flatten().tolist(),
    }


def windows():
    """A network that sees where it is in a window, on songs of several lengths."""

    def network(z, t, mix):
        place = torch.arange(z.shape[-1]) / z.shape[-1]
        return z * t[:, None, None] + mix[:, :1] * place

    cut = windowed(network, whole=10, window=8, overlap=3)
    for length in (10, 11, 13, 18, 19):
        z = torch.randn(2, 2, length, generator=torch.Generator().manual_seed(length))
        mix = torch.randn(2, 3, length, generator=torch.Generator().manual_seed(length + 100))
        v = cut(z, torch.full((2,), 0.4), mix)
        lists = (x.flatten().tolist() for x in (z, mix, v))
        yield dict(zip(("z", "mix", "v"), lists), length=length)


def resampled():
    """The SoX resampler on a song without its noise."""
    for source, target in ((48_000, 44_100), (22_050, 44_100), (44_100, 44_323)):
        time = torch.arange(source // 2) / source
        wave = torch.stack([torch.sin(2 * torch.pi * hertz * time) for hertz in (220.0, 5000.0)])
        found = resample(wave, source, target)
        yield {"from": source, "to": target, "wave": wave.tolist(), "found": found.tolist()}


def mix_of_takes():
    """A song that begins and ends softly: at its ends two resamplers differ."""
    mix = song(1.37)
    rise = torch.linspace(0, 1, 4000)
    mix[:, :4000] *= rise
    mix[:, -4000:] *= rise.flip(0)
    return mix


def takes(player):
    """Takes of the small model, one for each of `SETTINGS`; some keep the first but for a region."""
    mix, style, first = mix_of_takes(), song(0.6, 9), None
    for settings in SETTINGS:
        own = {"tuning": 0.0, **settings}
        styled, region = own.pop("style", False), own.pop("region", None)
        again = {"keep": first, "region": f"{region[0]}-{region[1]}"} if region else {}
        take = player(mix, style=style if styled else None, **again, **own)
        first = first or take
        yield {
            "settings": {**own, "seed": str(own["seed"])},
            "style": styled,
            "region": region,
            "level": take.settings["level"],
            "gain_db": take.settings["gain_db"],
            "latents": take.latents.flatten().tolist(),
            "channels": take.audio.tolist(),
        }


def bounds(settings, *names):
    """The lowest and the highest value of settings; texts, because JSON has no large numbers."""
    fields = {field.name: field.metadata for field in dataclasses.fields(settings)}
    return {name: [str(fields[name][key]) for key in ("low", "high")] for name in names}


def choices():
    """The texts that settings of a take may hold."""
    fields = {field.name: field.metadata for field in dataclasses.fields(TakeSettings)}
    return {name: fields[name]["choices"] for name in ("sampler", "guidance_rule")}


def numbers(player):
    """Everything that Python computes for the tests in JavaScript."""
    return {
        "noises": list(noises()),
        "spectra": spectra(),
        "levels": levels(),
        "samplers": samplers(),
        "windows": list(windows()),
        "resampled": list(resampled()),
        "mix": mix_of_takes().tolist(),
        "style": song(0.6, 9).tolist(),
        "takes": list(takes(player)),
        "transcribed": list(control_numbers.transcribed()),
        "midi": list(control_numbers.midi_files()),
        "symbols": list(control_numbers.symbols()),
        "progressions": list(control_numbers.progressions()),
        "regions": list(control_numbers.regions()),
        "bounds": bounds(TakeSettings, "guidance", "phi", "strength", "steps", "seed"),
        "bounds_of_chords": bounds(
            ControlSettings, "tempo", "bars_per_chord", "chord_level", "meter"
        ),
        "choices": choices(),
    }


@pytest.mark.slow
def test_the_engine_in_node(small_site, small_player, tmp_path):
    """Runs tests/web/*.test.mjs; a failure shows what node says."""
    expected = as_json(tmp_path / "expected.json", numbers(small_player))
    done = subprocess.run(
        [
            node(),
            "--test",
            "--experimental-test-coverage",
            f"--test-coverage-lines={LINES}",
            "--test-coverage-include=bassnb/*.mjs",
            *sorted(HERE.glob("*.test.mjs")),
        ],
        cwd=small_site,
        env={**os.environ, "BASSNB_STATIC": str(small_site), "BASSNB_EXPECTED": str(expected)},
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout[-6000:], file=sys.stderr)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_the_fields_of_the_studio_have_the_bounds_of_the_settings():
    page = (ROOT / "book/studio.md").read_text()
    fields = bounds(TakeSettings, "guidance", "phi", "strength", "steps")
    fields |= bounds(ControlSettings, "tempo", "bars_per_chord", "chord_level")
    short = {"bars_per_chord": "bars", "chord_level": "level"}
    for name, limits in fields.items():
        place = rf'id="studio-{short.get(name, name)}" min="([^"]+)" max="([^"]+)"'
        assert list(re.search(place, page).groups()) == limits, name
