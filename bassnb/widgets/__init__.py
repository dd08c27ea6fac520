"""Widgets of the chapters: players, sliders over takes or figures, blind tests, live panel, source."""

from bassnb.errors import BassnbError
from bassnb.extras import need

need("widgets")

from bassnb.widgets.blind import BlindTest, blind_test  # noqa: E402
from bassnb.widgets.flip import Flip, flip  # noqa: E402
from bassnb.widgets.listen import Listen, listen  # noqa: E402
from bassnb.widgets.live import Live, live  # noqa: E402
from bassnb.widgets.pictures import plot_spectrogram  # noqa: E402
from bassnb.widgets.source import Source, show_source  # noqa: E402
from bassnb.widgets.studio import studio  # noqa: E402
from bassnb.widgets.sweep import Sweep, sweep  # noqa: E402

__all__ = [
    "BlindTest",
    "Flip",
    "Listen",
    "Live",
    "Source",
    "Sweep",
    "BassnbError",
    "blind_test",
    "flip",
    "listen",
    "live",
    "plot_spectrogram",
    "show_source",
    "studio",
    "sweep",
]
