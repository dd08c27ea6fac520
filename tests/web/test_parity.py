"""The page and the package play the same bass: the shipped model in Chromium and in torch."""

import base64

import numpy as np
import pytest

from bassnb.accompanist import Accompanist
from bassnb.audio import SAMPLE_RATE, read_audio
from tests.book.conftest import policy, serve
from tests.web.conftest import ROOT, runtime_or_skip

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SONGS = ("jazz", "latin", "pop", "rock")
MOST = 1e-3  # of full scale
PATIENCE = 300_000  # ms: a busy machine is slow, not wrong
CASES = [  # style, seconds, seed: every pair of lengths and seeds, with and without style
    ("jazz", None, 3.0, 0),
    ("jazz", "slap-1", 7.31, 5),
    ("latin", None, 7.31, 5),
    ("latin", "fretless", 3.0, 0),
    ("pop", None, 3.0, 5),
    ("pop", "synth-1", 7.31, 0),
    ("rock", None, 7.31, 0),
    ("rock", "pick", 3.0, 5),
]
PLAY = """async ({mix, style, keep, options}) => {
  const floats = text => Float32Array.from(new Float32Array(
    Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer));
  const text = x => { const bytes = new Uint8Array(x.buffer, x.byteOffset, x.byteLength); let s = "";
    for (let i = 0; i < bytes.length; i += 32768) s += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return btoa(s); };
  const {load, accompany} = await import("/_static/bassnb/engine.mjs");
  const backend = options.backend; delete options.backend;
  if (window.model && backend && window.model.backend !== backend) { window.model.close(); window.model = null; }
  window.model ??= await load("/_static/bassnb/classroom/", undefined, {backend});
  if (style) options.style = style.map(floats);
  if (keep) options.keep = {...keep, latents: floats(keep.latents), channels: keep.channels.map(floats)};
  const steps = [];
  const take = await accompany(window.model, mix.map(floats), 44100, options, (k, n) => steps.push([k, n]));
  return {...take, backend: window.model.backend, channels: take.channels.map(text), latents: text(take.latents), steps};
}"""


def as_text(wave):
    """Channels as base64 of float32."""
    return [base64.b64encode(channel.numpy().astype("<f4").tobytes()).decode() for channel in wave]


def as_array(text):
    return np.frombuffer(base64.b64decode(text), "<f4")


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    """An empty page of a site with the engine, under the policy of the book, without the internet."""
    import page_engine

    store = runtime_or_skip()
    site = tmp_path_factory.mktemp("site")
    assert page_engine.assemble(site / "_static", "classroom", store)
    (site / "index.html").write_text('<!doctype html><link rel="icon" href="data:,"><p>engine</p>')
    with serve(site, policy()) as address:
        context = chromium.new_context()
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.asked, page.complaints, page.address = [], [], address
        page.on("request", lambda request: page.asked.append((request.method, request.url)))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(f"{address}/index.html")
        yield page
        context.close()


@pytest.fixture(scope="module")
def player():
    return Accompanist.from_pretrained("classroom")


def assert_same(found, own):
    """One take of the page and one of the package."""
    channels = np.stack([as_array(channel) for channel in found["channels"]])
    assert channels.shape == own.audio.shape
    assert np.abs(channels - own.audio.numpy()).max() < MOST
    assert own.audio.abs().max() > 20 * MOST


def mix_of(song, seconds):
    return read_audio(ROOT / "data_samples" / song / "mix.flac")[:, : round(seconds * SAMPLE_RATE)]


@pytest.mark.parametrize(("song", "style", "seconds", "seed"), CASES)
def test_page_and_package_play_the_same_bass(page, player, song, style, seconds, seed):
    mix = mix_of(song, seconds)
    timbre = style and read_audio(ROOT / "data_samples" / "styles" / f"{style}.flac")
    options = {"seed": seed, "sampler": "dpm++"}
    given = {"mix": as_text(mix), "style": style and as_text(timbre), "options": options}
    found = page.evaluate(PLAY, given)
    own = player(mix, style=timbre, tuning=0, **options)
    assert_same(found, own)
    assert found["steps"] == [[k, 12] for k in range(1, 13)]
    names = ("guidance", "phi", "strength", "sampler", "steps", "seed", "tuning")
    names += ("guidance_rule", "guidance_interval")
    assert {name: found["settings"][name] for name in names} == {
        name: own.settings[name] for name in names
    }


def test_page_and_package_play_a_part_anew_alike(page, player):
    """The take that is kept is the package's; the part and what is faded around it are compared."""
    mix, options = mix_of("rock", 7.31), {"sampler": "dpm++", "seed": 8}
    first = player(mix, tuning=0, sampler="dpm++", seed=7)
    own = player(mix, keep=first, region="2.5-4.1", tuning=0, **options)
    keep = {
        "latents": as_text(first.latents.flatten()[None])[0],
        "channels": as_text(first.audio),
        "level": first.settings["level"],
        "regions": [[2.5, 4.1]],
    }
    given = {"mix": as_text(mix), "style": None, "keep": keep, "options": options}
    assert_same(page.evaluate(PLAY, given), own)
    change = (own.audio - first.audio).abs().amax(0)
    assert (
        change[:SAMPLE_RATE].max() == 0 and change[3 * SAMPLE_RATE : 4 * SAMPLE_RATE].max() > 0.02
    )


@pytest.mark.parametrize(
    ("text", "bars"), [("Am F C G", 0.5), ("| Dm7 G7/B | N.C. | Ebmaj7 % |", None)]
)
def test_page_and_package_hear_the_same_chords(page, player, text, bars):
    mix = mix_of("pop", 5.0)
    options = {"sampler": "dpm++", "seed": 3, "chords": text, "tempo": 132.0, "chord_level": 4.0}
    options |= {"bars_per_chord": bars} if bars else {}
    found = page.evaluate(PLAY, {"mix": as_text(mix), "style": None, "options": options})
    assert_same(found, player(mix, tuning=0, **options))


def test_the_page_does_not_wait_while_the_engine_plays(page):
    """Its timers run between the steps of a take: the engine is in a worker."""
    mix = read_audio(ROOT / "data_samples" / "pop" / "mix.flac")[:, :SAMPLE_RATE]
    ticks = page.evaluate(
        "async given => { let ticks = 0; const timer = setInterval(() => ticks++, 5); "
        f"await ({PLAY})(given); clearInterval(timer); return ticks; }}",
        {"mix": as_text(mix), "style": None, "options": {"steps": 4}},
    )
    assert ticks > 4


@pytest.mark.evidence("song-stays-in-browser")
def test_a_take_fetches_files_of_the_site_and_sends_nothing(page):
    mix = read_audio(ROOT / "data_samples" / "pop" / "mix.flac")[:, :SAMPLE_RATE]
    page.evaluate(PLAY, {"mix": as_text(mix), "style": None, "options": {"steps": 1}})
    assert len(page.asked) > 10
    for method, url in page.asked:
        assert method == "GET" and url.startswith((page.address, "data:")) and len(url) < 200
    assert page.complaints == []


@pytest.mark.parametrize("backend", ["webgpu", "wasm"])
def test_both_backends_play_the_bass_of_the_package(page, player, backend):
    """A browser without a graphics processor has a program that plays one."""
    mix = mix_of("pop", 1.0)
    style = read_audio(ROOT / "data_samples" / "styles" / "finger.flac")[:, :SAMPLE_RATE]
    options = {"seed": 4, "sampler": "dpm++", "steps": 2}
    given = {
        "mix": as_text(mix),
        "style": as_text(style),
        "options": {**options, "backend": backend},
    }
    found = page.evaluate(PLAY, given)
    assert found["backend"] == backend
    assert_same(found, player(mix, style=style, tuning=0, **options))


def test_a_program_that_plays_a_graphics_processor_is_not_taken(page):
    chosen = page.evaluate(
        """async () => { const {suitable} = await import("/_static/bassnb/runtime.mjs");
        return [Boolean(await navigator.gpu?.requestAdapter()), await suitable()]; }"""
    )
    assert chosen == [True, "wasm"]


def test_a_program_that_cannot_start_is_one_sentence(page):
    sentence = page.evaluate(
        """async () => { const {load} = await import("/_static/bassnb/engine.mjs");
        return load("/nowhere/").catch(error => error.message); }"""
    )
    assert sentence.startswith("There is no model at ") and sentence.endswith(".")
    page.complaints.clear()  # a browser notes what it did not find
