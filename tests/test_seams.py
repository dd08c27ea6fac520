"""Where two windows of a long song meet, nothing is heard of it: on a held chord and on a groove,
with the shipped weights.

Three ways to play the same song from the same noise: the network sees it whole; in windows that
overlap and are blended; and in pieces that do not overlap, which is what a seam looks like.
"""

import math
from functools import partial

import numpy as np
import pytest
import torch

from bassnb import player as module
from bassnb.accompanist import Accompanist
from bassnb.composer.render import render
from bassnb.composer.songs import compose
from bassnb.metrics.match import compare, transcribe
from bassnb.metrics.style import style_embedding
from bassnb.presets import CLASSROOM, SAMPLE_RATE, TIME_RATIO
from bassnb.tracks import Track
from bassnb.windows import windowed

pytestmark = [pytest.mark.slow, pytest.mark.songs]

SONG = compose(3, split="test", seconds=60.0)
WINDOW, OVERLAP = 384, 128
WAYS = {
    "whole": {},
    "windows": dict(whole=100, window=WINDOW, overlap=OVERLAP),
    "pieces": dict(whole=100, window=256, overlap=0),
}
# latent steps after which a window begins or ends; pieces meet at the first and the last
EDGES = [255, 383, 511]


def held_chord():
    """C major for a minute, without any attack: whatever changes was changed by the player."""
    t = torch.arange(60 * SAMPLE_RATE) / SAMPLE_RATE
    wave = sum(
        torch.sin(2 * math.pi * f * h * t) / h for f in (130.81, 164.81, 196.0) for h in range(1, 6)
    )
    return (0.1 * wave / wave.std()).expand(2, -1)


def groove():
    return sum(wave for part, wave in render(SONG).items() if part != "bass")


@pytest.fixture(scope="module", params=["held chord", "groove"])
def takes(request):
    """Latents (4, 32, L) and waves of four takes in each of the three ways."""
    accompanist = Accompanist.from_pretrained("classroom", device="cpu")
    mix = {"held chord": held_chord, "groove": groove}[request.param]()
    track = Track.of(lambda: [mix])
    found = {}
    with torch.inference_mode(), pytest.MonkeyPatch.context() as patch:
        c_x = accompanist.mix_coder.encode(track)
        for way, settings in WAYS.items():
            patch.setattr(module, "windowed", lambda unet: windowed(unet, **settings))  # noqa: B023
            latents = accompanist.sample(c_x, range(4), sampler="dpm++")
            found[way] = (
                latents,
                [
                    torch.cat(
                        list(accompanist.bass_coder.decode(one[None], track.length, track.level)),
                        -1,
                    )
                    for one in latents
                ],
            )
    return request.param, found


def jump(latents, edges):
    """How much more the latents move at the edges than anywhere."""
    moves = latents.diff(dim=-1).square().mean(1).sqrt()
    return float(moves[:, edges].mean() / moves.mean())


def test_latents_do_not_jump(takes):
    name, found = takes
    whole, windows = (jump(found[way][0], EDGES) for way in ("whole", "windows"))
    assert windows < 1.5 * whole
    if name == "held chord":  # in a groove the notes themselves jump
        assert jump(found["pieces"][0], EDGES[::2]) > 1.3 * windows


def in_harmony(name, heard):
    """Share of the sounding frames that are in the chord."""
    if name == "groove":
        return compare(heard, SONG)["chord_tone"]
    return np.isin(heard.midi[np.isfinite(heard.midi)].round() % 12, (0, 4, 7)).mean()


def test_pitch_is_as_right_where_windows_overlap_as_where_the_network_saw_the_whole(takes):
    name, found = takes
    overlaps = [
        (first * TIME_RATIO / SAMPLE_RATE, (first + OVERLAP) * TIME_RATIO / SAMPLE_RATE)
        for first in (256, 512)
    ]
    whole, windows = (
        np.nanmean(
            [
                in_harmony(name, transcribe(wave).between(*overlap))
                for wave in found[way][1]
                for overlap in overlaps
            ]
        )
        for way in ("whole", "windows")
    )
    assert windows > whole - 0.05 and windows > 0.8


def test_timbre_does_not_change_from_window_to_window(takes):
    _, found = takes
    stretch = 128 * TIME_RATIO
    embed = partial(style_embedding, bandwidth=CLASSROOM.bass.bandwidth)

    def drift(waves):
        points = [[embed(piece) for piece in wave.split(stretch, -1)[:5]] for wave in waves]
        return np.mean([np.linalg.norm(b - a) for line in points for a, b in zip(line, line[1:])])

    whole, windows, pieces = (drift(found[way][1]) for way in WAYS)
    assert windows < max(1.1 * whole, pieces)
