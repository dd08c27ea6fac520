"""What the tests of the studio page do with it: give files, make takes, read what it says."""

import io

import numpy as np
import soundfile

PATIENCE = 300_000  # ms: a busy machine is slow, not wrong


def open_studio(context, address):
    """The page, with what its console complains of."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on(
        "console",
        lambda message: message.type == "error" and page.complaints.append(message.text),
    )
    page.goto(f"{address}/book/studio.html", wait_until="load")
    return page


def song_of(seconds, level=0.1, rate=44_100):
    """A chord, array (N,)."""
    time = np.arange(round(seconds * rate)) / rate
    return level / 3 * sum(np.sin(2 * np.pi * hertz * time) for hertz in (220, 277.2, 329.6))


def sound(seconds, level=0.1, rate=44_100):
    """A file with two channels of a chord, as bytes of WAV."""
    chord = song_of(seconds, level, rate)
    return encoded(np.stack([chord, chord], 1), rate)


def encoded(wave, rate=44_100):
    """A sound (N, 2) as bytes of WAV."""
    file = io.BytesIO()
    soundfile.write(file, wave, rate, format="WAV")
    return file.getvalue()


def give(page, name, data, field="#studio-file"):
    page.set_input_files(field, {"name": name, "mimeType": "audio/wav", "buffer": data})


def status(page, text):
    page.wait_for_function(
        "text => document.querySelector('#studio-status').textContent.includes(text)", arg=text
    )
    return page.locator("#studio-status").inner_text()


def takes(page):
    """The lines of the list of takes, the newest first."""
    return page.locator("#studio-list label")


def generate(page, **settings):
    """A take with the settings of so many fields, its notes read; returns its title."""
    for name, value in settings.items():
        page.locator(f"#studio-{name}").fill(str(value))
    count = takes(page).count()
    page.locator("#studio-play").click()
    takes(page).nth(count).wait_for()
    page.locator("#studio-midi:enabled").wait_for()
    return takes(page).first.inner_text()


def kept(page, what):
    """A file that a button of the page gives."""
    with page.expect_download() as download:
        page.locator(f"#studio-{what}").click()
    return download.value.path()


def heard(page, what="bass"):
    return soundfile.read(kept(page, what))[0]
