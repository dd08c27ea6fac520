"""The live panel without a browser: settings reach the music, errors are one sentence."""

import html
import io
import json
import subprocess
import sys
import threading
from datetime import datetime, timezone

import pytest
import soundfile
import torch

from bassnb.accompanist import Accompanist
from bassnb.audio import SAMPLE_RATE, read_audio, write_audio
from bassnb.checkpoints import System
from bassnb.errors import BassnbError
from bassnb.presets import SMOKE
from bassnb.widgets import studio
from bassnb.widgets.listen import STATIC
from bassnb.widgets.panel import CONTROLS
from bassnb.widgets.studio import VIEW, Studio
from bassnb.widgets.upload import MOST_BYTES, Upload, read_upload
from tests.refusals import assert_sentence

EVIL = "<img src=x onerror=alert(1)>.wav"


@pytest.fixture(scope="module")
def accompanist():
    torch.manual_seed(0)
    return Accompanist(System(SMOKE).requires_grad_(False), name="random")


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    (folder / "styles").mkdir()
    for name in ("rock", "pop"):
        (folder / name).mkdir()
        write_audio(folder / name / "mix.flac", noise())
    write_audio(folder / "styles" / "slap.flac", noise(20_000, 2))
    return folder


@pytest.fixture
def live(accompanist, samples, tmp_path, monkeypatch):
    monkeypatch.delenv(STATIC, raising=False)
    panel = studio(accompanist, samples, takes=tmp_path / "new" / "takes")
    panel.panel.steps.value = 2
    return panel


def noise(length=30_000, seed=0):
    return 0.1 * torch.randn(2, length, generator=torch.Generator().manual_seed(seed))


def file(content, name="song.wav"):
    return {
        "name": name,
        "type": "audio/wav",
        "size": len(content),
        "content": memoryview(content),
        "last_modified": datetime(2026, 1, 1, tzinfo=timezone.utc),
    }


def upload(button, sent):
    """What a page does, with ipywidgets 8 or with the 7 of Google Colab."""
    if isinstance(button.value, tuple):
        button.value = (sent,)
    else:
        button.metadata, button.data = [{"name": sent["name"]}], [bytes(sent["content"])]
        button._counter += 1


def wav(length=30_000, rate=SAMPLE_RATE, format="WAV"):
    buffer = io.BytesIO()
    soundfile.write(buffer, noise(length).T.numpy(), rate, format=format)
    return buffer.getvalue()


def status(live):
    return html.unescape(
        live.panel.status.value.removeprefix('<span role="status">').removesuffix("</span>")
    )


def press(live):
    live.panel.generate.click()
    assert live.wait(60)


def shown(live):
    return live.panel.takes.outputs[0]["data"]["text/html"]


def test_one_press_plays_the_sample_with_the_settings_of_the_panel(live, accompanist, samples):
    for name, value in {
        "guidance": 1.5,
        "phi": 0.25,
        "guidance_rule": "apg",
        "guidance_interval": (0.5, 1.0),
        "strength": 0.5,
        "seed": 7,
        "variations": 2,
    }.items():
        getattr(live.panel, name).value = value
    live.panel.style.value = samples / "styles" / "slap.flac"
    press(live)
    settings = dict(
        style=samples / "styles" / "slap.flac",
        guidance=1.5,
        phi=0.25,
        guidance_rule="apg",
        guidance_interval="0.5-1",
        sampler="dpm++",
        steps=2,
        strength=0.5,
    )
    expected = accompanist.takes(samples / "pop" / "mix.flac", 2, seed=7, **settings)
    assert [take.settings["seed"] for take in live.takes] == [7, 8]
    assert all(torch.equal(take.audio, other.audio) for take, other in zip(live.takes, expected))
    assert (
        live.panel.progress.value == live.panel.progress.max == 4
        and status(live) == "Done: 2 takes."
    )
    for name in ("mix", "bass, seed 7", "together, seed 7", "bass, seed 8", "together, seed 8"):
        assert f"<strong>{name}</strong>" in shown(live)
    assert live.panel.stop.disabled and not live.panel.save.disabled


def test_the_menus_hold_every_sample(live):
    assert [label for label, _ in live.panel.mix.options] == ["sample: pop", "sample: rock"]
    assert [label for label, _ in live.panel.style.options] == ["none", "sample: slap"]
    assert (live.panel.mix.label, live.panel.style.label) == ("sample: pop", "none")
    defaults = live.accompanist.system.defaults
    assert (live.panel.guidance.value, live.panel.phi.value) == (
        defaults["guidance"],
        defaults["phi"],
    )


def test_the_panel_begins_with_the_fast_sampler_and_another_brings_its_steps(accompanist, samples):
    panel = studio(accompanist, samples).panel
    assert (panel.sampler.value, panel.steps.value) == ("dpm++", 12)
    panel.sampler.value = "ddim"
    assert panel.steps.value == 64


def test_the_balance_is_heard_and_named(live):
    press(live)
    before = shown(live)
    live.panel.balance.value = -24.0
    assert "the bass at -24.0 dB" in shown(live) and "the bass at +0.0 dB" in before


@pytest.mark.parametrize("format", ["WAV", "FLAC", "OGG", "MP3"])
def test_a_file_of_your_own_becomes_the_mix_and_keeps_its_name_in_the_settings(live, format):
    upload(live.panel.mix_upload, file(wav(format=format), "my song"))
    assert live.panel.mix.label == "yours: my song" and status(live) == "my song is chosen."
    press(live)
    assert live.takes[0].mix.shape[-1] == pytest.approx(30_000, abs=2500)
    assert (
        live.takes[0].settings["mix"] == "uploaded: my song"
        and live.takes[0].settings["style"] is None
    )


def test_a_second_file_replaces_the_first_and_a_style_is_no_mix(live):
    upload(live.panel.mix_upload, file(wav(), "one"))
    upload(live.panel.mix_upload, file(wav(20_000), "two"))
    upload(live.panel.style_upload, file(wav(), "bass"))
    assert [label for label, _ in live.panel.mix.options] == [
        "sample: pop",
        "sample: rock",
        "yours: two",
    ]
    press(live)
    assert (
        live.takes[0].mix.shape == (2, 20_000)
        and live.takes[0].settings["style"] == "uploaded: bass"
    )


@pytest.mark.evidence("upload-names-as-text")
def test_a_hostile_name_is_shown_as_text_and_is_no_path(live, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in (EVIL, "../../evil.wav"):
        upload(live.panel.mix_upload, file(wav(), name))
        assert live.panel.mix.label == f"yours: {name}"
        assert "<img" not in live.panel.status.value and name in status(live)
    upload(live.panel.mix_upload, file(b"no audio", EVIL))
    assert (
        status(live).startswith(f"{EVIL} cannot be read as audio")
        and "<img" not in live.panel.status.value
    )
    press(live)
    live.panel.save.click()
    assert "onerror" not in shown(live)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {
        "take-001-seed-0.flac",
        "take-001-seed-0.json",
        "take-001-seed-0.latents",
    }


def test_control_characters_and_endless_names_do_not_reach_the_panel():
    assert read_upload(file(wav(), "a\n\x1b[31mb" + "c" * 500)).name == "a[31mb" + "c" * 54
    assert read_upload(file(wav(), "\n")).name == "unnamed"


@pytest.mark.evidence("bounded-uploads")
def test_uploads_are_bounded_in_bytes_and_in_seconds(live, monkeypatch):
    upload(live.panel.mix_upload, file(bytes(MOST_BYTES + 1), "big.wav"))
    assert_sentence(status(live), "big.wav", "50 MB", "give")
    upload(live.panel.mix_upload, file(wav(1000 * 601, rate=1000), "long.wav"))
    assert_sentence(status(live), "long.wav", "600 s", "give")
    assert not any(isinstance(value, Upload) for _, value in live.panel.mix.options)


def test_saved_takes_are_whole_and_never_overwrite(live):
    live.panel.save.click()
    assert_sentence(status(live), "no take", "Generate")
    live.panel.variations.value = 2
    press(live)
    live.panel.save.click()
    live.panel.save.click()
    names = [f"take-{number:03d}-seed-{seed}" for number, seed in ((1, 0), (2, 1), (3, 0), (4, 1))]
    assert sorted(path.name for path in live.folder.iterdir()) == [
        n + s for n in names for s in (".flac", ".json", ".latents")
    ]
    assert torch.allclose(
        read_audio(live.folder / f"{names[1]}.flac"), live.takes[1].audio, atol=1e-6
    )
    assert json.loads((live.folder / f"{names[1]}.json").read_text())["seed"] == 1
    assert status(live).startswith("Saved take-003-seed-0.flac, take-004-seed-1.flac in ")


def test_a_folder_that_cannot_be_made_is_said(live):
    live.folder.parent.write_text("a file where the folder should be")
    press(live)
    assert live.save() == [] and status(live).startswith("The takes could not be saved")


@pytest.fixture
def slowly(live, monkeypatch):
    """The panel with an accompanist that waits at its first step until `go`.

    Returns its calls too, and how many ran at once.
    """
    go, started, calls, at_once = threading.Event(), threading.Event(), [], [0, 0]
    play = live.accompanist.__class__.takes

    def slow(self, *args, callback, **settings):
        calls.append(settings["seed"])
        at_once[0] += 1
        at_once[1] = max(at_once)

        def step(done, total):
            started.set()
            assert go.wait(30)
            callback(done, total)

        try:
            return play(self, *args, callback=step, **settings)
        finally:
            at_once[0] -= 1

    monkeypatch.setattr(live.accompanist.__class__, "takes", slow)
    return live, go, started, calls, at_once


def test_a_press_while_it_plays_waits_for_its_turn(slowly):
    """Two at once would take twice the memory; of several presses the last one counts."""
    live, go, started, calls, at_once = slowly
    live.panel.generate.click()
    assert started.wait(30) and not live.wait(0.05)
    for seed in (5, 6, 7):
        live.panel.seed.value = seed
        live.panel.generate.click()
        assert status(live) == "These settings are next, when the running generation has ended."
    go.set()
    assert live.wait(60) and calls == [0, 7] and at_once == [0, 1]
    assert [take.settings["seed"] for take in live.takes] == [7] and status(live) == "Done: 1 take."


def test_a_generation_can_be_stopped_and_the_takes_before_stay(slowly):
    live, go, started, calls, _ = slowly
    go.set()
    press(live)
    before = live.takes
    go.clear()
    started.clear()
    live.panel.generate.click()
    assert started.wait(30) and not live.panel.stop.disabled
    live.panel.generate.click()  # what waits is forgotten as well
    live.panel.stop.click()
    go.set()
    assert live.wait(60) and len(calls) == 2 and live.takes is before
    assert status(live).startswith("Stopped") and live.panel.stop.disabled
    press(live)
    assert status(live) == "Done: 1 take." and len(calls) == 3


def test_what_is_wanted_after_a_stop_is_played(slowly):
    live, go, started, calls, _ = slowly
    live.panel.generate.click()
    assert started.wait(30)
    live.panel.stop.click()
    live.panel.seed.value = 9
    live.panel.generate.click()
    go.set()
    assert live.wait(60) and calls == [0, 9] and live.takes[0].settings["seed"] == 9


def test_stop_without_a_generation_does_nothing(live):
    live.stop()
    press(live)
    assert status(live) == "Done: 1 take."


def test_errors_of_the_domain_are_one_sentence_and_the_panel_stays_alive(live):
    upload(live.panel.mix_upload, file(wav()))
    upload(live.panel.style_upload, file(wav(2000), "short.wav"))
    press(live)
    assert (
        "less than one latent step" in status(live)
        and live.takes == []
        and live.panel.save.disabled
    )
    live.panel.style.label = "none"
    press(live)
    assert status(live) == "Done: 1 take."


def test_other_errors_are_named_and_the_panel_stays_alive(live, monkeypatch, capfd):
    monkeypatch.setattr(live, "_play", lambda *args: 1 / 0)
    press(live)
    assert "ZeroDivisionError" in status(live) and "Traceback" in capfd.readouterr().err
    monkeypatch.undo()
    press(live)
    assert status(live) == "Done: 1 take."


def test_in_a_built_book_it_names_its_controls_and_has_none(
    accompanist, samples, tmp_path, monkeypatch
):
    monkeypatch.setenv(STATIC, str(tmp_path))
    shown = studio(accompanist, samples)
    text = shown._repr_markdown_()
    assert (
        all(f"**{name}**" in text for name in CONTROLS) and "<" not in text and repr(shown) == text
    )
    live = vars(Studio(accompanist, samples, tmp_path).panel)
    told = {
        part.description: getattr(part, "tooltip", None) or getattr(part, "description_tooltip", "")
        for part in live.values()
        if getattr(part, "description", None) in CONTROLS
    }
    assert told == CONTROLS


def test_a_folder_without_songs_is_refused(accompanist, tmp_path, monkeypatch):
    monkeypatch.delenv(STATIC, raising=False)
    with pytest.raises(BassnbError, match="there is no song in"):
        studio(accompanist, tmp_path)


def test_a_notebook_shows_the_panel_as_a_last_line_and_by_display(live):
    """Widgets of ipywidgets 7, which Google Colab has, offer no bundle of their own."""
    for options in ({}, {"include": None, "exclude": None}):
        assert live._repr_mimebundle_(**options)[VIEW]["model_id"] == live.panel.box.model_id


def test_importing_the_widgets_does_not_wait_for_ipywidgets():
    code = "import sys, bassnb.widgets; sys.exit('ipywidgets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
