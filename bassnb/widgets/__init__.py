"""What the chapters show and play: aligned players, sliders over takes, spectrograms, the package's own code."""

from bassnb.widgets.listen import Listen, WidgetError, listen
from bassnb.widgets.pictures import plot_spectrogram
from bassnb.widgets.source import Source, show_source
from bassnb.widgets.sweep import Sweep, sweep

__all__ = [
    "Listen",
    "Source",
    "Sweep",
    "WidgetError",
    "listen",
    "plot_spectrogram",
    "show_source",
    "sweep",
]
