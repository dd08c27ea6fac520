"""The end of an excerpt is no event: music that is cut off anywhere gets no attack there, and a
real one stays.
"""

from pathlib import Path

import pytest
import torch

from bassnb import Accompanist
from bassnb.audio import SAMPLE_RATE, read_audio
from bassnb.level import peak
from bassnb.presets import TIME_RATIO
from bassnb.spectral import mirrored
from tests.amounts import cases

pytestmark = [pytest.mark.kind("edges"), pytest.mark.slow]
SAMPLES = Path(__file__).parents[1] / "data_samples"
SONGS = ["jazz", "latin", "pop", "rock"]
FIVE = 220  # samples, 5 ms


@pytest.fixture(scope="module")
def accompanist():
    return Accompanist.from_pretrained("classroom", device="cpu")


def held_chord(samples):
    """C major that fades slowly, without any attack after its first."""
    t = torch.arange(samples) / SAMPLE_RATE
    chord = sum(
        torch.sin(2 * torch.pi * f * h * t) / h
        for f in (130.81, 164.81, 196.0)
        for h in range(1, 6)
    )
    return (0.03 * chord * torch.exp(-0.2 * t) * (t / 0.01).clamp(max=1)).expand(2, -1)


def envelope(wave):
    """Root mean square of every 5 ms, the last of them at the very end."""
    return wave[:, wave.shape[-1] % FIVE :].unflatten(-1, (-1, FIVE)).square().mean((0, 2)).sqrt()


def attacks(takes, longer):
    """Takes that begin a note in their last 25 ms, where those of a longer excerpt have none."""
    found = 0
    for take, other in zip(takes, longer):
        e, same = envelope(take.audio), envelope(other.audio[:, : take.audio.shape[-1]])
        level, before, elsewhere = (
            take.audio.square().mean().sqrt(),
            e[-20:-5].square().mean().sqrt(),
            same[-5:].max(),
        )
        found += bool(e[-5:].max() > max(level, 3.16 * before, 3.16 * elsewhere))
    return found


# Latent steps and samples after which the music is cut off.
PLACES = [
    (55, 1),
    (58, 150),
    (62, 300),
    (65, 800),
    (68, 1500),
    (71, 2048),
    (76, 3300),
    (79, 4095),
    (81, 0),
    (59, 600),
    (64, 1100),
    (73, 2600),
]


@pytest.mark.evidence("song-may-cut-anywhere")
@pytest.mark.parametrize("name", SONGS)
def test_a_song_may_be_cut_anywhere(accompanist, name, tally):
    longer, found = read_audio(SAMPLES / name / "mix.flac")[:, : 90 * TIME_RATIO], []
    others = accompanist.takes(longer, 3, steps=8)
    first, every = cases(
        (SONGS.index(name) % 2, 2), (0, 1)
    )  # each place in half of the songs, or all
    for steps, rest in PLACES[first::every]:
        if attacks(accompanist.takes(longer[:, : steps * TIME_RATIO + rest], 3, steps=8), others):
            found.append((steps, rest))
        tally()
    # a player of many notes may strike near any place: hardly ever is that because of the cut
    assert len(found) <= 1


@pytest.mark.parametrize("rest", [100, 700, 1500, 2500, 4000, 4096])
def test_a_cut_changes_nothing_before_the_reach_of_the_encoder(accompanist, rest):
    encoder, wave = accompanist.system.mix_autoencoder, 3 * held_chord(60 * TIME_RATIO)[None]
    with torch.inference_mode():
        cut, whole = (encoder.encode(one) for one in (wave[..., : 39 * TIME_RATIO + rest], wave))
    same = slice(39 - encoder.encoder_reach)
    assert (cut[..., same] - whole[..., same]).abs().max() < 1e-4


@pytest.mark.parametrize("rest", [100, 700, 1500, 2500, 3400])
def test_a_cut_is_no_click_to_the_encoder(accompanist, rest):
    """The last frame of the spectrogram that it reads has above 2 kHz, where the chord has nothing,
    less than with zeros.
    """
    encoder, wave, read = (
        accompanist.system.mix_autoencoder,
        3 * held_chord(12 * TIME_RATIO + rest)[None],
        [],
    )
    handle = encoder.encoder.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
    with torch.inference_mode():
        encoder.encode(wave)
        zeros = encoder.levels(encoder.log_spectrogram(wave))
    handle.remove()
    frame, high = (
        12 * encoder.config.stride + rest // encoder.config.hop,
        slice(200, encoder.config.bins),
    )
    assert (
        read[0].shape == zeros.shape
        and read[0][0, high, frame].mean() < 0.5 * zeros[0, high, frame].mean()
    )


def test_a_hit_at_the_very_end_stays(accompanist):
    """What the bass autoencoder makes of a struck note whose file ends 60 ms later is still a
    struck note.
    """
    autoencoder, start = accompanist.system.bass_autoencoder, 30 * TIME_RATIO + 1000
    t = torch.arange(2646) / SAMPLE_RATE
    wave = torch.zeros(1, 2, start + len(t))
    wave[..., start:] = 0.3 * torch.sin(2 * torch.pi * 98 * t) * torch.exp(-5 * t)
    with torch.inference_mode():
        again = autoencoder.decode(autoencoder.encode(wave), wave.shape[-1])[0]
    before, hit = again[:, : start - 2048], again[:, start:]
    assert hit.square().mean().sqrt() > 0.5 * wave[0, :, start:].square().mean().sqrt() and peak(
        before
    ) < 0.1 * peak(hit)


@pytest.mark.parametrize("samples", [1, 2, 100, 4096, 8192])
def test_any_length_is_played(accompanist, samples):
    take = accompanist(held_chord(20_000)[:, 5000 : 5000 + samples] + 0.01, steps=2)
    assert take.audio.shape == (2, samples) and take.audio.isfinite().all()


@pytest.mark.parametrize(("before", "after"), [(0, 0), (1, 2), (3, 3), (5, 11), (0, 40)])
def test_mirrored(before, after):
    wave = torch.tensor([[1.0, 2.0, 3.0]])
    period = [1, 2, 3, 3, 2, 1]
    assert mirrored(wave, before, after)[0].tolist() == [
        period[i % 6] for i in range(-before, 3 + after)
    ]
    assert mirrored(wave[:, :1], before, after).tolist() == [[1.0] * (before + 1 + after)]
