"""The players: loudness and alignment, escaped text, and no address elsewhere."""

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import torch

from bassnb.audio import SAMPLE_RATE, read_audio
from bassnb.control.notes import Note
from bassnb.errors import AudioError, BassnbError
from bassnb.level import loudness, peak
from bassnb.take import Accompaniment
from bassnb.widgets import listen, plot_spectrogram
from bassnb.widgets.listen import CEILING, STATIC, TARGET, matching_gains, sound_url
from bassnb.widgets.pictures import (
    frequency_axis,
    log_spectrogram,
    spectrogram_image,
    strongest_frequency,
    waveform_path,
)


def tone(frequency=110.0, seconds=1.5, level=0.2):
    t = torch.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (level * torch.sin(2 * torch.pi * frequency * t)).expand(2, -1).contiguous()


class Tags(HTMLParser):
    """All start tags of a page with their attributes, and its visible text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def test_one_player_and_one_picture_per_take():
    page = Tags(listen({"mix": tone(), "bass": tone(55)}, title="Two")._repr_html_())
    assert [audio["preload"] for audio in page.all("audio")] == ["none", "none"]
    assert [audio["aria-label"] for audio in page.all("audio")] == ["mix", "bass"]
    assert len(page.all("svg")) == 2
    assert [
        int(re.search(r"near (\d+) Hz", image["alt"])[1]) for image in page.all("img")
    ] == pytest.approx([110, 55], rel=0.06)
    pressed = [button.get("aria-pressed") for button in page.all("button")]
    assert pressed == [None, "true", "false"]  # play, then one button per take


def test_names_titles_and_descriptions_are_text_not_markup():
    evil = '"><script>alert(1)</script>'
    html = listen({evil: tone()}, title=evil, descriptions={evil: evil}).html
    page = Tags(html)
    assert len(page.all("script")) == 1 and "alert" not in html.split("<script>")[-1]
    assert evil in page.words


def test_two_players_on_a_page_cannot_clash_and_need_nothing_from_outside():
    html = listen({"a": tone()}).html
    assert not re.search(r"""\sid=|https?://(?!www\.w3\.org)|@import|url\(""", html)
    style = re.search(r"<style>(.*?)</style>", html, re.S)[1]
    selectors = [rule.split("{")[0] for rule in style.split("}") if "{" in rule]
    assert len(selectors) > 20 and all(
        re.match(r"\.bassnb-(block|listen)\b", part.strip())
        for s in selectors
        for part in _split(s)
    )


def _split(selector):
    return re.split(r",(?![^(]*\))", selector)


def test_takes_are_brought_to_one_loudness_without_clipping():
    noise = torch.rand(2, 2 * SAMPLE_RATE, generator=torch.Generator().manual_seed(0)) - 0.5
    clicks = torch.zeros(2, 2 * SAMPLE_RATE)
    clicks[:, ::4410] = 0.3  # quiet but with high peaks: it decides how loud all may be
    waves = [noise, 0.01 * noise, clicks]
    matched = [wave * 10 ** (gain / 20) for wave, gain in zip(waves, matching_gains(waves))]
    levels = [loudness(0.1 * wave) + 20 for wave in matched]
    assert max(levels) - min(levels) < 0.05 and max(levels) <= TARGET + 0.05
    assert max(peak(wave) for wave in matched) == pytest.approx(CEILING, abs=1e-3)


def test_silence_and_very_short_takes_keep_their_level():
    assert matching_gains([torch.zeros(2, SAMPLE_RATE), tone(seconds=0.1)]) == [0.0, 0.0]
    assert "silence" in listen({"rest": torch.zeros(2, SAMPLE_RATE)}).html


def test_without_matching_the_level_stays():
    assert "played at" in listen({"a": tone(level=0.01)}).html
    assert "played at" not in listen({"a": tone(level=0.01)}, loudness_match=False).html


def test_takes_of_different_length_share_the_longest_axis(tmp_path, monkeypatch):
    monkeypatch.setenv(STATIC, str(tmp_path))
    shown = listen({"short": tone(seconds=0.5), "long": tone(seconds=2)})
    assert shown.seconds == 2.0 and repr(shown) == "Listen(short, long; 2.0 s)"
    lengths = {read_audio(path).shape[-1] for path in tmp_path.glob("*.mp3")}
    assert len(lengths) == 1 and min(lengths) == pytest.approx(2 * SAMPLE_RATE, abs=2500)


def test_mono_arrays_at_other_rates_are_welcome():
    assert listen({"a": np.zeros(8000, np.float32)}, sample_rate=8000).seconds == 1.0


def test_a_live_kernel_embeds_the_sound(monkeypatch, tmp_path):
    monkeypatch.delenv(STATIC, raising=False)
    head, data = sound_url(tone()).split(",")
    assert head == "data:audio/mpeg;base64"
    (tmp_path / "take.mp3").write_bytes(base64.b64decode(data))
    sound = read_audio(tmp_path / "take.mp3")
    assert sound[:, 10_000:50_000].square().mean().sqrt() == pytest.approx(0.2 / 2**0.5, rel=0.02)


def test_the_built_book_refers_to_files_named_after_their_content(monkeypatch, tmp_path):
    monkeypatch.setenv(STATIC, str(tmp_path / "audio"))
    urls = [sound_url(tone()), sound_url(tone()), sound_url(tone(55))]
    assert urls[0] == urls[1] != urls[2]
    assert {url.rsplit("/", 1)[1] for url in urls} == {
        path.name for path in (tmp_path / "audio").iterdir()
    }


def test_the_pictures_of_the_built_book_are_files_too(monkeypatch, tmp_path):
    monkeypatch.setenv(STATIC, str(tmp_path))
    inside = listen({"a": tone(), "b": tone(55)}).html
    files = [image["src"].rsplit("/", 1) for image in Tags(inside).all("img")]
    # the page itself stays small
    assert {folder for folder, _ in files} == {"../_static/audio"} and len(inside) < 40_000
    stored = [(tmp_path / name).read_bytes() for _, name in files]
    monkeypatch.delenv(STATIC)
    live = Tags(listen({"a": tone(), "b": tone(55)}).html).all("img")
    assert [base64.b64decode(image["src"].partition(",")[2]) for image in live] == stored


NOTES = (Note(0.0, 0.75, 33, 127), Note(0.75, 1.5, 45, 20))


def test_a_piano_roll_lies_where_the_tones_are_in_the_spectrogram():
    page = Tags(listen({"mix": tone(), "bass": tone(55)}, notes={"bass": NOTES}).html)
    rolls = [svg for svg in page.all("svg") if svg.get("role") == "img"]
    assert [roll["aria-label"] for roll in rolls] == ["Piano roll of bass: 2 notes from A1 to A2"]
    low, high = page.all("rect")
    assert [(float(n["x"]), float(n["width"])) for n in (low, high)] == [(0, 500), (500, 500)]
    assert float(low["opacity"]) > float(high["opacity"])
    level = log_spectrogram(tone(55))  # the row of 55 Hz, from above, in hundredths
    row = 100 * (1 - np.argmax(level.mean(1)) / (len(level) - 1))
    assert float(low["y"]) + 1.5 == pytest.approx(row, abs=2)
    (button,) = [one for one in page.all("button") if one.get("class") == "bl-notes"]
    assert button["aria-pressed"] == "true" and "Piano roll" in page.words


def test_no_notes_no_piano_roll():
    assert "bl-notes" not in str(Tags(listen({"a": tone()}).html).all("button"))
    assert "no notes" in listen({"a": tone()}, notes={"a": ()}).html
    with pytest.raises(BassnbError, match="piano roll of 'bas' belongs to no take"):
        listen({"bass": tone()}, notes={"bas": NOTES})


def test_an_accompaniment_brings_its_own_notes():
    wave = tone(55) * (torch.arange(int(1.5 * SAMPLE_RATE)) > 0.2 * SAMPLE_RATE)
    take = Accompaniment(wave, wave, torch.zeros(32, 1), {})
    html = listen({"bass": take.audio}, notes={"bass": take}).html
    assert len(take.notes()) == 1 and "1 notes from A1 to A1" not in html
    assert "Piano roll of bass: 1 note, A1" in html


def test_refusals_are_one_sentence_that_helps():
    with pytest.raises(BassnbError, match="give a dict"):
        listen({})
    with pytest.raises(BassnbError, match="'bas' .*'bass'"):
        listen({"bass": tone()}, descriptions={"bas": "x"})
    with pytest.raises(AudioError, match="take 'bass'"):
        listen({"bass": torch.full((2, 1000), float("nan"))})


def test_a_spectrogram_shows_each_tone_at_its_place():
    for hertz in (41.2, 110.0, 440.0, 5000.0):
        assert strongest_frequency(log_spectrogram(tone(hertz))) == pytest.approx(hertz, rel=0.06)
    assert (np.diff(frequency_axis()) > 0).all()


def test_a_long_spectrogram_keeps_its_short_events():
    wave = torch.zeros(2, 40 * SAMPLE_RATE)
    wave[:, 20 * SAMPLE_RATE] = 1.0
    level = log_spectrogram(wave, columns=100)
    assert level.shape[1] == 100 and abs(level.max(0).argmax() - 50) <= 1


def test_images_have_the_pixels_of_the_level():
    image = spectrogram_image(np.linspace(-100, 0, 30)[:, None].repeat(40, 1), top=0.0)
    assert image[:4] == b"RIFF" and image[8:12] == b"WEBP"


def test_a_waveform_path_fills_the_height_for_the_loudest_sample():
    heights = [float(y) for y in re.findall(r",(-?[\d.]+)", waveform_path(tone(level=0.2), 0.2))]
    assert min(heights) == pytest.approx(0, abs=0.02) and max(heights) == pytest.approx(2, abs=0.02)


def test_plot_spectrogram_labels_its_axes():
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    plot_spectrogram(tone(), ax, highest=2000)
    assert ax.get_yscale() == "log" and ax.get_ylim()[1] == 2000
    assert "Hz" in ax.get_ylabel() and ax.get_xlabel().endswith("in s")
