"""The end of an excerpt is no event: music that is cut off anywhere gets no attack there, and a real one stays."""

from pathlib import Path

import pytest
import torch

from bassnb import Accompanist
from bassnb.audio import SAMPLE_RATE, peak, read_audio
from bassnb.presets import TIME_RATIO
from bassnb.spectral import mirrored

pytestmark = pytest.mark.kind("edges")
SAMPLES = Path(__file__).parents[1] / "data_samples"
FIVE = 220  # samples, 5 ms


@pytest.fixture(scope="module")
def accompanist():
    return Accompanist.from_pretrained("classroom", device="cpu")


def held_chord(samples):
    """C major that fades slowly, without any attack after its first."""
    t = torch.arange(samples) / SAMPLE_RATE
    chord = sum(torch.sin(2 * torch.pi * f * h * t) / h for f in (130.81, 164.81, 196.0) for h in range(1, 6))
    return (0.03 * chord * torch.exp(-0.2 * t) * (t / 0.01).clamp(max=1)).expand(2, -1)


def envelope(wave):
    """Root mean square of every 5 ms, the last of them at the very end."""
    return wave[:, wave.shape[-1] % FIVE :].unflatten(-1, (-1, FIVE)).square().mean((0, 2)).sqrt()


def attacks(accompanist, mix, longer, seeds=2):
    """Takes that begin a note in their last 25 ms, where a longer excerpt has none."""
    found = 0
    takes, others = (accompanist(wave, steps=8, variations=seeds) for wave in (mix, longer))
    for take, other in zip(takes, others):
        e, same = envelope(take.audio), envelope(other.audio[:, : mix.shape[-1]])
        end = e[-5:].max()
        found += bool(end > take.audio.square().mean().sqrt() and end > 3.16 * e[-20:-5].square().mean().sqrt() and end > 3.16 * same[-5:].max())
    return found


PLACES = [(40, 1), (43, 150), (47, 300), (50, 800), (53, 1500), (56, 2048), (61, 3300), (64, 4095), (66, 0)]


def test_a_held_chord_may_be_cut_anywhere(accompanist, tally):
    longer, found = held_chord(80 * TIME_RATIO), 0
    for steps, rest in PLACES:
        found += attacks(accompanist, longer[:, : steps * TIME_RATIO + rest], longer)
        tally()
    assert found == 0


@pytest.mark.evidence("song-may-cut-anywhere")
@pytest.mark.parametrize("name", ["jazz", "latin", "pop", "rock"])
def test_a_song_may_be_cut_anywhere(accompanist, name, tally):
    longer, found = read_audio(SAMPLES / name / "mix.flac")[:, : 90 * TIME_RATIO], 0
    for steps, rest in PLACES:
        found += attacks(accompanist, longer[:, : (steps + 15) * TIME_RATIO + rest], longer)
        tally()
    assert found <= 1  # of 18 takes; zeros at the ends gave up to six


@pytest.mark.parametrize("rest", [100, 700, 1500, 2500, 4000, 4096])
def test_where_music_is_cut_its_latents_are_those_of_the_longer_music(accompanist, rest):
    """Nearer to them than with silence behind the cut; and from the encoder's reach before it on they are the same."""
    near, far, inside = cut_and_whole(accompanist.system.mix_autoencoder, 39 * TIME_RATIO + rest)
    assert near < 0.7 * far and inside < 1e-4


def cut_and_whole(encoder, length):
    """How far the last latent of a cut chord is from that of the whole one; with silence behind the cut; and before it."""
    wave = 3 * held_chord(60 * TIME_RATIO)[None]
    with torch.inference_mode():
        cut, silent, whole = (
            encoder.standardise(encoder.encode(one))[..., : -(-length // TIME_RATIO)]
            for one in (wave[..., :length], torch.cat([wave[..., :length], 0 * wave], -1), wave)
        )
    sure = slice(encoder.encoder_reach, length // TIME_RATIO - encoder.encoder_reach)
    return float((cut - whole)[..., -1].norm()), float((silent - whole)[..., -1].norm()), float((cut - whole)[..., sure].abs().max())


def test_a_hit_at_the_very_end_stays(accompanist):
    """What the bass autoencoder makes of a struck note whose file ends 60 ms later is still a struck note."""
    autoencoder, start = accompanist.system.bass_autoencoder, 30 * TIME_RATIO + 1000
    t = torch.arange(2646) / SAMPLE_RATE
    wave = torch.zeros(1, 2, start + len(t))
    wave[..., start:] = 0.3 * torch.sin(2 * torch.pi * 98 * t) * torch.exp(-5 * t)
    with torch.inference_mode():
        again = autoencoder.decode(autoencoder.encode(wave), wave.shape[-1])[0]
    before, hit = again[:, : start - 2048], again[:, start:]
    assert hit.square().mean().sqrt() > 0.5 * wave[0, :, start:].square().mean().sqrt() and peak(before) < 0.1 * peak(hit)


@pytest.mark.parametrize("samples", [1, 2, 100, 4096, 8192])
def test_any_length_is_played(accompanist, samples):
    take = accompanist(held_chord(20_000)[:, 5000 : 5000 + samples] + 0.01, steps=2)
    assert take.audio.shape == (2, samples) and take.audio.isfinite().all()


@pytest.mark.parametrize(("before", "after"), [(0, 0), (1, 2), (3, 3), (5, 11), (0, 40)])
def test_mirrored(before, after):
    wave = torch.tensor([[1.0, 2.0, 3.0]])
    period = [1, 2, 3, 3, 2, 1]
    assert mirrored(wave, before, after)[0].tolist() == [period[i % 6] for i in range(-before, 3 + after)]
    assert mirrored(wave[:, :1], before, after).tolist() == [[1.0] * (before + 1 + after)]
