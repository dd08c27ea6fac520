"""What a reader hears and sees in the chapters: players and pictures that also work in the built page."""

from bassnb.widgets.listen import Listen, WidgetError, listen
from bassnb.widgets.pictures import plot_spectrogram

__all__ = ["Listen", "WidgetError", "listen", "plot_spectrogram"]
