"""Whatever is called a mix: a bass of exactly its length, finite and within [-1, 1], or one
sentence and exit status 2.
"""

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from bassnb.cli import app
from bassnb.errors import BassnbError
from tests.refusals import assert_sentence
from tests.robustness.audio_corpus import CASES, DECLARED, EITHER, REFUSED

pytestmark = pytest.mark.evidence("damaged-sound-files")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.name}")
def test_a_bass_or_a_sentence(case, accompanist, tmp_path):
    source, out = case.make(tmp_path), tmp_path / "out" / "bass.wav"
    out.parent.mkdir()
    try:
        accompanist.accompany_file(source, out, steps=1, progress=False)
    except BassnbError as error:
        assert case.wanted in (REFUSED, EITHER), error
        assert_sentence(error)
        assert not list(out.parent.iterdir())  # nothing half-written is left
        return
    assert case.wanted != REFUSED
    wave, rate = soundfile.read(out)
    assert (
        rate == 44_100
        and wave.shape[1] == 2
        and np.isfinite(wave).all()
        and np.abs(wave).max(initial=0) <= 1
    )
    if case.wanted != EITHER:
        info = soundfile.info(source) if case.wanted == DECLARED else None
        seconds = info.frames / info.samplerate if info else case.wanted
        assert len(wave) == max(round(seconds * 44_100), 1)


def test_the_command_says_the_same_sentence(accompanist, tmp_path):
    """One case of every kind that is refused, through the command line."""
    refused = {case.kind: case for case in reversed(CASES) if case.wanted == REFUSED}
    for kind, case in refused.items():
        (folder := tmp_path / kind).mkdir()
        result = CliRunner().invoke(
            app, ["accompany", str(case.make(folder)), "--out", str(folder / "bass.wav")]
        )
        assert (
            result.exit_code == 2
            and "Traceback" not in result.output
            and len(result.output.strip().splitlines()) == 1
        )


def test_there_are_enough_cases():
    assert len(CASES) >= 200 and len({(case.kind, case.name) for case in CASES}) == len(CASES)
