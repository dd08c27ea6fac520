"""What holds for every input that hypothesis can think of, not only for the examples that we
thought of.
"""

import html.parser
import io
import json
import math
from dataclasses import asdict, fields, replace

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bassnb.audio import read_audio, write_audio
from bassnb.checkpoints import load_pretrained
from bassnb.collections.midi import read_midi
from bassnb.collections.musicxml import read_musicxml
from bassnb.composer.score import Song
from bassnb.composer.songs import compose
from bassnb.diffusion import (
    add_noise,
    alpha_beta,
    c_from_v,
    eps_from_c,
    eps_from_v,
    time_from_alpha,
    v_target,
)
from bassnb.errors import AudioError, BassnbError, CheckpointError
from bassnb.grounding import ground
from bassnb.guidance import classifier_free_guidance, rescale
from bassnb.presets import PRESETS, Preset
from bassnb.sampling import initial_noise, pairs_of_times
from bassnb.spectral import istft, stft
from bassnb.stored import read_json, read_tensors, write_json
from bassnb.take import numbered
from bassnb.waves import as_stereo, resample
from bassnb.widgets.block import choice_html
from bassnb.windows import trapezoid, windowed

seeds = st.integers(0, 2**62)
latents = st.builds(
    lambda seed, batch, length: torch.randn(
        batch, 5, length, generator=torch.Generator().manual_seed(seed)
    ),
    seeds,
    st.integers(1, 3),
    st.integers(1, 30),
)
numbers = st.floats(allow_nan=True, allow_infinity=True)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


# -- audio -----------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(
    length=st.integers(1, 20_000),
    rate=st.sampled_from([8000, 11_025, 44_100, 48_000, 96_000]) | st.integers(1000, 200_000),
    channels=st.integers(1, 8),
    seed=seeds,
)
def test_a_bass_is_as_long_as_any_mix(accompanist, tally, length, rate, channels, seed):
    assume(1 <= length * 44_100 / rate < 100_000)
    mix = np.random.default_rng(seed).uniform(-1, 1, (channels, length)).astype(np.float32)
    take = accompanist(mix, sample_rate=rate, steps=1, seed=seed)
    assert take.audio.shape[0] == 2 and abs(take.audio.shape[1] - length * 44_100 / rate) <= 1
    assert take.audio.isfinite().all() and take.audio.abs().max() <= 1
    tally()


@pytest.mark.evidence("any-array-stereo-or-refused")
@settings(max_examples=150)
@given(
    samples=arrays.arrays(
        st.sampled_from([np.float16, np.float32, np.float64, np.int16, np.int32, np.uint8]),
        arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6),
    )
)
def test_any_array_is_stereo_or_refused(samples, tally):
    try:
        wave = as_stereo(samples)
        assert (
            wave.shape == (2, samples.shape[-1])
            and wave.dtype == torch.float32
            and wave.isfinite().all()
        )
    except AudioError as error:
        assert "\n" not in str(error)
    tally()


@settings(max_examples=60)
@given(
    wave=arrays.arrays(
        np.float32, st.tuples(st.just(2), st.integers(1, 3000)), elements=st.floats(-4, 4, width=32)
    ),
    suffix=st.sampled_from([".wav", ".flac", ".ogg", ".mp3"]),
)
def test_what_is_written_can_be_read(wave, suffix, tmp_path, tally):
    path = write_audio(tmp_path / f"a{suffix}", torch.from_numpy(wave))
    back = read_audio(path)
    assert back.isfinite().all() and back.shape[0] == 2
    if suffix in (".wav", ".flac"):
        assert torch.allclose(back, torch.from_numpy(wave).clamp(-1, 1), atol=2**-23)
    if suffix != ".mp3":
        assert back.shape[1] == wave.shape[1]
    tally()


@settings(max_examples=150)
@given(
    data=st.binary(max_size=400),
    start=st.sampled_from(
        [b"", b"RIFF\x24\0\0\0WAVEfmt ", b"fLaC\0\0\0\x22", b"OggS\0\x02", b"ID3\x04\0\0"]
    ),
)
def test_any_bytes_are_a_sound_or_refused(data, start, tmp_path, tally):
    (tmp_path / "a.wav").write_bytes(start + data)
    try:
        assert read_audio(tmp_path / "a.wav", longest=10).isfinite().all()
    except AudioError as error:
        assert "\n" not in str(error)
    tally()


@settings(max_examples=100)
@given(data=st.data())
def test_a_sound_with_any_byte_changed_is_read_or_refused(data, tmp_path, tally):
    memory = io.BytesIO()
    kind = data.draw(st.sampled_from(["WAV", "FLAC", "OGG", "AIFF", "CAF"]))
    soundfile.write(memory, np.sin(np.arange(3000) * 0.1), 44_100, format=kind)
    sound = bytearray(memory.getvalue())
    for _ in range(data.draw(st.integers(1, 5))):
        sound[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "a.wav").write_bytes(bytes(sound))
    try:
        assert read_audio(tmp_path / "a.wav", longest=10).isfinite().all()
    except AudioError as error:
        assert "\n" not in str(error)
    tally()


@settings(max_examples=60)
@given(length=st.integers(1, 4000), source=st.integers(1000, 200_000))
def test_any_rate_is_resampled_to_its_length(length, source, tally):
    assert abs(resample(torch.ones(1, length), source).shape[-1] - length * 44_100 / source) <= 1
    tally()


# -- spectra ---------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(
    length=st.integers(1, 4000),
    hop=st.sampled_from([16, 64, 128]),
    overlap=st.sampled_from([2, 4, 8]),
    seed=seeds,
)
def test_every_wave_returns_from_its_spectrum(length, hop, overlap, seed, tally):
    wave = torch.randn(2, length, generator=torch.Generator().manual_seed(seed))
    spectrum = stft(wave, overlap * hop, hop)
    assert spectrum.shape[-1] == -(-length // hop)
    assert torch.allclose(istft(spectrum, overlap * hop, hop, length), wave, atol=2e-4)
    tally()


# -- diffusion -------------------------------------------------------------------------------------


@given(c=latents, seed=seeds, t=st.floats(0.01, 0.99))
def test_the_four_ways_of_saying_the_same(c, seed, t, tally):
    eps, t = torch.randn(c.shape, generator=torch.Generator().manual_seed(seed)), torch.tensor(t)
    z, v = add_noise(c, eps, t), v_target(c, eps, t)
    assert torch.allclose(c_from_v(z, v, t), c, atol=1e-4) and torch.allclose(
        eps_from_v(z, v, t), eps, atol=1e-4
    )
    assert torch.allclose(eps_from_c(z, c, t), eps, atol=1e-2)
    alpha, beta = alpha_beta(t)
    assert math.isclose(alpha**2 + beta**2, 1, abs_tol=1e-6) and math.isclose(
        time_from_alpha(alpha), t, abs_tol=1e-3
    )
    tally()


@given(c=latents, seed=seeds, w=st.floats(0, 20), phi=st.floats(0, 1))
def test_guidance_is_straight_and_its_rescale_keeps_the_spread(c, seed, w, phi, tally):
    other = torch.randn(c.shape, generator=torch.Generator().manual_seed(seed))
    guided = classifier_free_guidance(c, other, w)
    assert torch.allclose(guided, other + w * (c - other), atol=1e-4)
    final = rescale(guided, c, phi)
    low, high = sorted([float(c.std(correction=0)), float(guided.std(correction=0))])
    assert final.isfinite().all()
    if len(c) == 1:
        assert low - 1e-3 <= float(final.std(correction=0)) <= high + 1e-3
    tally()


@given(c=latents, seed=seeds, beta=st.floats(0, 1))
def test_grounding_moves_the_mean_and_nothing_else(c, seed, beta, tally):
    style = torch.randn(1, c.shape[1], 1, generator=torch.Generator().manual_seed(seed))
    grounded = ground(c, style, beta)
    mean, wanted = (
        c.mean(-1, keepdim=True),
        (1 - beta**2) * c.mean(-1, keepdim=True) + beta**2 * style,
    )
    assert torch.allclose(grounded.mean(-1, keepdim=True), wanted, atol=1e-4)
    assert torch.allclose(grounded - grounded.mean(-1, keepdim=True), c - mean, atol=1e-4)
    tally()


@given(steps=st.integers(1, 1000), power=st.floats(0.5, 3))
def test_times_fall_from_one_to_zero(steps, power, tally):
    pairs = list(pairs_of_times(steps, power))
    times = [float(t) for t, _ in pairs] + [float(pairs[-1][1])]
    assert (
        len(pairs) == steps
        and times[0] == 1
        and times[-1] == 0
        and all(a > b for a, b in zip(times, times[1:]))
    )
    tally()


@given(seed=seeds, length=st.integers(1, 50))
def test_noise_is_that_of_its_seed(seed, length, tally):
    assert torch.equal(initial_noise(seed, (3, length)), initial_noise(seed, (3, length)))
    tally()


@given(
    length=st.integers(1, 200),
    window=st.integers(2, 40),
    share=st.floats(0, 0.99),
    whole=st.integers(1, 60),
)
def test_windows_of_any_size_change_nothing_where_all_agree(length, window, share, whole, tally):
    overlap = int(share * window)
    z = torch.randn(1, 2, length, generator=torch.Generator().manual_seed(length))
    answer = windowed(lambda z, t, mix: 2 * z + mix, whole=whole, window=window, overlap=overlap)(
        z, torch.zeros(1), z
    )
    assert torch.allclose(answer, 3 * z, atol=1e-5)
    assert trapezoid(window, overlap, z).max() <= 1 and trapezoid(window, overlap, z).min() > 0
    tally()


# -- settings and files ----------------------------------------------------------------------------


@settings(max_examples=300)
@given(data=st.data(), value=anything)
def test_a_preset_with_any_value_is_refused_or_returns_from_json(data, value, tally):
    preset = PRESETS["smoke"]
    parts = [f.name for f in fields(Preset) if f.name not in ("name", "world")]
    part = data.draw(st.sampled_from(parts))
    name = data.draw(st.sampled_from([f.name for f in fields(getattr(preset, part))]))
    try:
        changed = replace(preset, **{part: replace(getattr(preset, part), **{name: value})})
        assert Preset.from_dict(json.loads(json.dumps(asdict(changed)))) == changed
    except BassnbError as error:
        assert "\n" not in str(error)
    tally()


@settings(max_examples=150)
@given(
    name=st.sampled_from(["guidance", "phi", "steps", "strength", "sampler", "volume"]),
    value=anything,
)
def test_any_setting_is_taken_or_refused(accompanist, name, value, tally):
    try:
        assert accompanist.settings(**{name: value})["guidance"] is not None
    except BassnbError as error:
        assert "\n" not in str(error)
    tally()


@settings(max_examples=150)
@given(
    content=st.binary(max_size=300),
    name=st.sampled_from(["x.json", "x.safetensors", "x.mid", "x.musicxml", "x.mxl"]),
)
def test_any_bytes_are_a_file_or_refused(content, name, tmp_path, tally):
    (tmp_path / name).write_bytes(content)
    read = {
        ".json": read_json,
        ".safetensors": read_tensors,
        ".mid": read_midi,
        ".musicxml": read_musicxml,
        ".mxl": read_musicxml,
    }
    try:
        read[(tmp_path / name).suffix](tmp_path / name)
    except BassnbError as error:
        assert "\n" not in str(error)
    tally()


@settings(max_examples=150)
@given(text=st.text(max_size=60))
def test_any_name_is_no_model_and_opens_nothing_else(text, tally):
    assume(text not in ("classroom", "smoke"))
    for name in (text, f"../{text}", f"~/{text}"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HF_HUB_OFFLINE", "1")
            with pytest.raises(CheckpointError):
                load_pretrained(name)
        tally()


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), seconds=st.floats(2, 20))
def test_every_song_returns_from_its_json(seed, seconds, tally):
    song = compose(seed, seconds=seconds)
    assert Song.from_json(song.to_json()) == song
    tally()


@given(count=st.integers(1, 100), stem=st.text("abc.-1 é", min_size=1, max_size=9))
def test_names_of_takes_differ(count, stem, tally):
    assume(stem.strip(". ") == stem)
    paths = numbered(f"folder/{stem}.flac", count)
    assert len({*paths}) == count and all(
        path.suffix == ".flac" and path.parent.name == "folder" for path in paths
    )
    tally()


class Texts(html.parser.HTMLParser):
    """The tags and the words of a piece of HTML."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.words = [], ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, sorted(name for name, _ in attributes)))

    def handle_data(self, data):
        self.words += data


@settings(max_examples=150)
@given(
    name=st.text(max_size=40)
    | st.sampled_from(
        ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&lt;b&gt;", "</button>"]
    )
)
def test_no_name_becomes_html(name, tally):
    shown, plain = Texts(choice_html([name], name)), Texts(choice_html(["a"], "a"))
    assert shown.tags == plain.tags and shown.words == name
    tally()


@settings(max_examples=40)
@given(content=st.dictionaries(st.text(max_size=8), anything, max_size=4))
def test_json_returns_as_it_was_written(content, tmp_path, tally):
    assume("nan" not in repr(content) and "inf" not in repr(content))
    assert read_json(write_json(tmp_path / "a.json", content)) == content
    tally()
