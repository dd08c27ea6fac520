"""A count-in: where its clicks lie, and that the song follows to the sample."""

import json

import numpy as np
import pytest
import torch

from bassnb.audio import read_audio, write_audio
from bassnb.control.beats import Beats, given_beats
from bassnb.control.count_in import ACCENT, BEAT, count_in
from bassnb.errors import BassnbError
from bassnb.take import Accompaniment
from bassnb.tracks import Lead


def onsets(wave):
    """Samples at which a click begins: the first that sounds after 20 ms of silence."""
    loud = np.flatnonzero(wave[0].abs().numpy() > 1e-3)
    return loud[np.diff(loud, prepend=-10_000) > 882]


def frequency(wave, place):
    spectrum = np.abs(np.fft.rfft(wave[0, place : place + 2000].numpy(), 44_100))
    return float(spectrum.argmax())


@pytest.mark.parametrize("bars, meter, tempo", [(1, 4, 120.0), (2, 3, 90.0), (1, 7, 133.7)])
def test_bar_one_is_on_time_to_the_sample(bars, meter, tempo):
    lead = count_in(given_beats(tempo, 30.0, 0.0, meter), bars, 0.5)
    assert lead.start == round(bars * meter * 60 / tempo * 44_100)
    found = onsets(lead.sound)
    assert len(found) == bars * meter
    expected = np.arange(bars * meter) * 60 / tempo * 44_100
    assert np.abs(found - expected).max() <= 2  # a sine begins at 0
    for number, place in enumerate(found):
        hertz = (BEAT if number % meter else ACCENT)[0]
        assert frequency(lead.sound, place) == pytest.approx(hertz, abs=40)
    assert 0.4 < lead.sound.abs().max() <= 0.5


def test_a_pick_up_is_heard_under_the_last_clicks():
    lead = count_in(given_beats(120, 30.0, 0.5), 1, 0.5)  # a beat before bar 1
    assert lead.start == round(1.5 * 44_100)
    song = torch.zeros(2, 3 * 44_100)
    song[:, 22_050] = 1.0  # bar 1
    both = torch.cat(list(lead.before(song.split(1000, -1))), -1)
    assert both.shape[-1] == song.shape[-1] + lead.start
    assert both[0].argmax() == 2 * 44_100
    assert len(onsets(both)) == 5


def test_nothing_is_put_before_a_song_that_has_room():
    lead = count_in(given_beats(120, 30.0, 4.0), 1, 0.5)
    assert lead.start == 0 and onsets(lead.sound)[0] == pytest.approx(2 * 44_100, abs=2)


def test_the_tempo_is_that_of_the_beginning():
    beats = Beats(np.array([0.0, 0.5, 1.0, 1.5, 2.3, 3.1]))
    assert count_in(beats, 1, 0.5).start == 2 * 44_100


def test_a_lead_in_blocks_is_that_in_one():
    lead = Lead(torch.randn(2, 5000), 2000)
    song = torch.randn(2, 7001)
    whole = torch.cat([torch.zeros(2, 2000), song], -1)
    whole[:, :5000] += lead.sound
    for size in (100, 999, 4096, 7001):
        assert torch.equal(torch.cat(list(lead.before(song.split(size, -1))), -1), whole)
    short = torch.cat(list(lead.before([song[:, :10]])), -1)
    assert short.shape[-1] == 2010  # the song ends it


def test_from_file_to_file(accompanist, tmp_path):
    mix = write_audio(tmp_path / "mix.wav", 0.1 * torch.randn(2, 30_001))
    out, both = tmp_path / "bass.wav", tmp_path / "both.wav"
    settings = {"tempo": 90, "meter": 3, "count_in": 2, "steps": 1, "tuning": 440}
    accompanist.accompany_file(mix, out, with_mix=both, **settings)
    bass, together = read_audio(out), read_audio(both)
    start = 4 * 44_100  # two bars of three beats of 2/3 s
    assert bass.shape == (2, 30_001) and together.shape == (2, start + 30_001)
    assert len(onsets(together[:, :start])) == 6
    found = json.loads((tmp_path / "bass.json").read_text())
    assert found["count_in"] == 2 and found["count_in_seconds"] == 4.0
    take = accompanist(mix, **settings)
    assert torch.allclose(take.mix_with(), together, atol=1e-5)
    assert take.settings["count_in_seconds"] == 4.0
    song = (read_audio(mix) + bass / 10 ** (found["gain_db"] / 20)) * 10 ** (
        found["mix_gain_db"] / 20
    )
    assert torch.allclose(together[:, start + 2205 :], song[:, 2205:], atol=1e-4)


@pytest.mark.parametrize("count", [0, 17, -1, 1.5])
def test_refusals(count, accompanist, tmp_path):
    mix = write_audio(tmp_path / "mix.wav", 0.1 * torch.randn(2, 9_000))
    with pytest.raises(BassnbError, match="count_in"):
        accompanist.accompany_file(
            mix, tmp_path / "b.wav", with_mix=tmp_path / "c.wav", tempo=90, count_in=count
        )
    with pytest.raises(BassnbError, match="count-in"):
        accompanist.accompany_file(mix, tmp_path / "b.wav", tempo=90, count_in=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mix.wav"]


def test_mix_with_begins_with_the_lead():
    take = Accompaniment(
        torch.zeros(2, 10), torch.ones(2, 10), torch.zeros(32, 1), {}, Lead(torch.ones(2, 5), 5)
    )
    assert torch.equal(take.mix_with(), torch.ones(2, 15))
