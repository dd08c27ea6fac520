"""What the chapters show and play: aligned players, spectrograms, and the package's own code."""

from bassnb.widgets.listen import Listen, WidgetError, listen
from bassnb.widgets.pictures import plot_spectrogram
from bassnb.widgets.source import Source, show_source

__all__ = ["Listen", "Source", "WidgetError", "listen", "plot_spectrogram", "show_source"]
