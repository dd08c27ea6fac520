"""Pictures of sound: a waveform, and a spectrogram on a logarithmic frequency axis.

The players of `listen` and the figures of the chapters use the same functions.
"""

from __future__ import annotations

import io

import matplotlib
import matplotlib.image
import numpy as np
import torch

from bassnb.audio import SAMPLE_RATE
from bassnb.spectral import stft

# Hz: below the low B of a five-string bass; above it mixes hold mostly cymbals
LOWEST, HIGHEST = 30.0, 12_000.0
RANGE = 70.0  # dB between the darkest and the brightest colour
# samples: a semitone at E2 is 4.9 Hz, a bin is 10.8 Hz; a sixteenth at 120 bpm is 5 frames
WINDOW, HOP = 4096, 1024
COLOURS = "magma"


def frequency_axis(rows: int = 160) -> np.ndarray:
    """Frequencies in Hz of the rows of a picture (rows,), ascending, equally spaced in pitch."""
    return np.geomspace(LOWEST, HIGHEST, rows)


def log_spectrogram(wave: torch.Tensor, *, rows: int = 160, columns: int = 900) -> np.ndarray:
    """Level of a waveform over pitch and time.

    Parameters
    ----------
    wave : Tensor (2, N), 44.1 kHz
    rows : of the picture, see `frequency_axis`
    columns : at most so many; of the frames that share one, the loudest counts

    Returns
    -------
    level : array (rows, T), dB, floored at -120
    """
    power = (
        stft(wave.detach().cpu().float(), WINDOW, HOP).abs().square().mean(0).numpy()
    )  # (F, T), mean of both channels
    places = np.linspace(0, power.shape[1], min(columns, power.shape[1]), endpoint=False).astype(
        int
    )
    level = 10 * np.log10(np.maximum.reduceat(power, places, axis=1) + 1e-12)
    position = frequency_axis(rows) * WINDOW / SAMPLE_RATE  # of each row, in bins
    below = position.astype(int)
    weight = (position - below)[:, None]
    return (1 - weight) * level[below] + weight * level[below + 1]


def spectrogram_image(level: np.ndarray, top: float, *, quality: int = 70) -> bytes:
    """A coloured WebP file of `level` (rows, T) in dB; `top` is the brightest colour.

    `top` - 70 dB and below is the darkest.
    """
    # the first row of an image is its upper edge
    scaled = np.clip((level - top) / RANGE + 1, 0, 1)[::-1]
    pixels = matplotlib.colormaps[COLOURS](scaled, bytes=True)[..., :3]
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, pixels, format="webp", pil_kwargs={"quality": quality})
    return buffer.getvalue()


def waveform_path(wave: torch.Tensor, top: float = 1.0, *, columns: int = 300) -> str:
    """The outline of a waveform as the `d` of an SVG path, `columns` wide and 2 high.

    The sample value `top` lies at the edge.
    """
    mono = (wave.detach().cpu().float().mean(0) / top).clamp(-1, 1).numpy()
    places = np.linspace(0, len(mono), min(columns, len(mono)), endpoint=False).astype(int)
    upper, lower = np.maximum.reduceat(mono, places), np.minimum.reduceat(mono, places)
    x = np.linspace(0, columns, len(places))
    outline = [f"{a:.0f},{1 - b:.2f}" for a, b in zip(x, upper)] + [
        f"{a:.0f},{1 - b:.2f}" for a, b in zip(x, lower)
    ][::-1]
    return "M" + "L".join(outline) + "Z"


def strongest_frequency(level: np.ndarray) -> float:
    """Frequency in Hz of the row of `level` (rows, T) with the most energy over all time."""
    return float(frequency_axis(len(level))[np.argmax(np.power(10, level / 10).sum(1))])


def plot_spectrogram(wave: torch.Tensor, ax, *, top: float | None = None, highest: float = HIGHEST):
    """Draw the spectrogram of a waveform into matplotlib axes.

    Parameters
    ----------
    wave : Tensor (2, N), 44.1 kHz
    ax : matplotlib Axes
    top : dB of the brightest colour, by default the loudest point; give one number to make two
        pictures comparable
    highest : Hz, upper end of the axis

    Returns
    -------
    mesh : what `figure.colorbar` takes
    """
    level = log_spectrogram(wave)
    top = float(level.max()) if top is None else top
    seconds = np.linspace(0, wave.shape[-1] / SAMPLE_RATE, level.shape[1])
    mesh = ax.pcolormesh(
        seconds,
        frequency_axis(len(level)),
        level,
        vmin=top - RANGE,
        vmax=top,
        cmap=COLOURS,
        shading="nearest",
        rasterized=True,
    )
    ticks = [f for f in (50, 100, 200, 500, 1000, 2000, 5000, 10_000) if f <= highest]
    ax.set(yscale="log", ylim=(LOWEST, highest), xlabel="time in s", ylabel="frequency in Hz")
    ax.set_yticks(ticks, [str(f) for f in ticks])
    ax.minorticks_off()
    return mesh
