"""What the chapters show and play: players, sliders over takes, blind tests, a live panel, the package's code."""

from bassnb.widgets.blind import BlindTest, blind_test
from bassnb.widgets.listen import Listen, WidgetError, listen
from bassnb.widgets.pictures import plot_spectrogram
from bassnb.widgets.source import Source, show_source
from bassnb.widgets.studio import studio
from bassnb.widgets.sweep import Sweep, sweep

__all__ = [
    "BlindTest",
    "Listen",
    "Source",
    "Sweep",
    "WidgetError",
    "blind_test",
    "listen",
    "plot_spectrogram",
    "show_source",
    "studio",
    "sweep",
]
