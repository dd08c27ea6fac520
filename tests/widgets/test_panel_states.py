"""The live panel in any order of actions: it shows what it will generate, and generates it."""

import threading

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bassnb.audio import write_audio
from bassnb.widgets.studio import Studio
from tests.widgets.test_studio import accompanist, noise, shown, status, wav  # noqa: F401

pytestmark = pytest.mark.kind("state of a panel")
PATIENCE = 120
# samples, by which a mix is recognised
LENGTHS = {"a": 10_000, "b": 14_000, "pop": 12_000, "rock": 16_000}
FILES = {"a": wav(LENGTHS["a"]), "b": wav(LENGTHS["b"]), "bad": b"no audio", "empty": b""}
WHICH, NAMES = st.sampled_from(["mix", "style"]), st.sampled_from(["one.wav", "two.wav"])
MARKUP = '<span role="status">'


def give(live, **files):
    """Upload files, (name, content) by the button, with all fields that a page sends."""
    for which, (name, content) in files.items():
        sent = {
            "name": name,
            "type": "audio/wav",
            "size": len(content),
            "content": memoryview(content),
            "last_modified": 0,
        }
        getattr(live.panel, f"{which}_upload").set_state({"value": [sent]})


class Held:
    """An accompanist that waits at its first step until `go`."""

    def __init__(self, played):
        self.accompanist, self.settings = played, played.settings
        self.begun, self.go = threading.Event(), threading.Event()

    def takes(self, *args, callback, **settings):
        def step(done, total):
            self.begun.set()
            assert self.go.wait(PATIENCE)
            callback(done, total)

        return self.accompanist.takes(*args, callback=step, **settings)


class Panel(RuleBasedStateMachine):
    """Model of the panel: `chosen` in the menus, `running` and `next` job, the `heard` take."""

    accompanist = folder = count = None  # set by the test

    @initialize()
    def open(self):
        self.samples = self.folder / "samples"
        for song in ("pop", "rock"):
            (self.samples / song).mkdir(parents=True, exist_ok=True)
            self.put_back(song)
        (self.samples / "styles").mkdir(exist_ok=True)
        write_audio(self.samples / "styles" / "slap.flac", noise(12_000, 2))
        self.player = Held(self.accompanist)
        self.live = Studio(self.player, self.samples, self.folder / "takes")
        self.live.panel.steps.value = 1
        # what the menu says, and what it stands for
        self.chosen = {"mix": ("sample: pop", "pop"), "style": ("none", None)}
        self.running = self.next = self.heard = None
        self.stopped = False

    def put_back(self, song):
        write_audio(self.samples / song / "mix.flac", noise(LENGTHS[song]))

    @rule(label=st.sampled_from(["sample: pop", "sample: rock"]))
    def choose_a_sample(self, label):
        self.live.panel.mix.set_state({"index": ["sample: pop", "sample: rock"].index(label)})
        self.chosen["mix"] = (label, label.removeprefix("sample: "))

    @rule(label=st.sampled_from(["none", "sample: slap"]))
    def choose_a_style(self, label):
        self.live.panel.style.label = label
        self.chosen["style"] = (label, "slap" if label != "none" else None)

    @rule(which=WHICH, name=NAMES, content=st.sampled_from(["a", "b"]))
    def upload(self, which, name, content):
        give(self.live, **{which: (name, FILES[content])})
        self.chosen[which] = (f"yours: {name}", content)
        assert status(self.live) == f"{name} is chosen."

    @rule(name=NAMES, content=st.sampled_from(["a", "b"]))
    def upload_to_both(self, name, content):
        give(self.live, mix=(name, FILES[content]), style=(name, FILES[content]))
        self.chosen = {which: (f"yours: {name}", content) for which in ("mix", "style")}

    @rule(which=WHICH, name=NAMES, content=st.sampled_from(["bad", "empty"]))
    def upload_what_is_no_audio(self, which, name, content):
        give(self.live, **{which: (name, FILES[content])})
        assert name in status(self.live) and "is chosen" not in status(self.live)

    @rule(seed=st.integers(0, 3))
    def press(self, seed):
        self.live.panel.seed.value = seed
        labels = {which: label for which, (label, _) in self.chosen.items()}
        names = {
            which: label.replace("yours", "uploaded")
            for which, label in labels.items()
            if "yours" in label
        }
        job = {
            **{which: sound for which, (_, sound) in self.chosen.items()},
            "seed": seed,
            "names": names,
        }
        self.player.begun.clear()
        self.live.panel.generate.click()
        if self.running:
            self.next = job
        elif self.can_be_played(job):
            assert self.player.begun.wait(PATIENCE)
            self.running = job
        else:
            assert self.live.wait(PATIENCE) and job["mix"] in status(self.live)

    @precondition(lambda self: self.running)
    @rule()
    def stop(self):
        self.live.panel.stop.click()
        self.stopped, self.next = True, None

    @precondition(lambda self: self.running)
    @rule()
    def let_it_end(self):
        self.player.go.set()
        assert self.live.wait(PATIENCE)
        self.player.go.clear()
        ended = [] if self.stopped else [self.running]
        ended += [self.next] if self.next and self.can_be_played(self.next) else []
        self.heard = ended[-1] if ended else self.heard
        self.running, self.next, self.stopped = None, None, False

    @rule(value=st.sampled_from([-24.0, -6.0, 0.0, 12.0]))
    def balance(self, value):
        self.live.panel.balance.value = value

    @rule(song=st.sampled_from(["pop", "rock"]))
    def delete_or_put_back_a_sample(self, song):
        path = self.samples / song / "mix.flac"
        path.unlink() if path.exists() else self.put_back(song)

    @rule()
    def save(self):
        assert len(self.live.save()) == (1 if self.heard else 0)

    def can_be_played(self, job):
        return job["mix"] in FILES or (self.samples / job["mix"] / "mix.flac").exists()

    @invariant()
    def the_menus_show_what_will_be_played(self):
        self.count()
        for which, (label, sound) in self.chosen.items():
            menu = getattr(self.live.panel, which)
            assert menu.label == label and menu.options[menu.index] == (label, menu.value)
            if sound in FILES:
                assert menu.value.wave.shape == (2, LENGTHS[sound])
            assert len({shown for shown, _ in menu.options}) == len(menu.options)

    @invariant()
    def a_file_can_be_given_again(self):
        assert self.live.panel.mix_upload.value == self.live.panel.style_upload.value == ()

    @invariant()
    def the_buttons_say_what_can_be_done(self):
        assert self.live.panel.stop.disabled == (self.running is None)
        assert self.live.panel.save.disabled == (self.heard is None)
        assert self.live.panel.status.value.startswith(MARKUP) or not self.live.panel.status.value

    @invariant()
    def what_sounds_is_the_last_job_that_ended_well_at_the_balance_of_now(self):
        if self.heard is None:
            assert not self.live.takes and not self.live.panel.takes.outputs
            return
        (take,) = self.live.takes
        assert (
            take.mix.shape == (2, LENGTHS[self.heard["mix"]])
            and take.settings["seed"] == self.heard["seed"]
        )
        assert self.heard["names"].items() <= take.settings.items()
        assert f"bass, seed {self.heard['seed']}" in shown(self.live)
        assert f"the bass at {self.live.panel.balance.value:+.1f} dB" in shown(self.live)

    def teardown(self):
        if getattr(self, "running", None):
            self.player.go.set()
            assert self.live.wait(PATIENCE)


@pytest.mark.evidence("panel-shows-what-it-plays")
def test_the_panel_shows_what_it_plays_whatever_was_done_before(accompanist, tmp_path, tally):  # noqa: F811
    Panel.accompanist, Panel.folder, Panel.count = accompanist, tmp_path, staticmethod(tally)
    run_state_machine_as_test(
        Panel,
        settings=settings(
            max_examples=40,
            stateful_step_count=15,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


@pytest.mark.parametrize("which", ["mix", "style"])
def test_the_page_is_told_that_the_button_is_empty_again(accompanist, tmp_path, monkeypatch, which):  # noqa: F811
    """Otherwise the page finds nothing new in the same file, and does not send it."""
    (tmp_path / "pop").mkdir()
    write_audio(tmp_path / "pop" / "mix.flac", noise())
    live, sent = Studio(accompanist, tmp_path, tmp_path / "takes"), []
    button = getattr(live.panel, f"{which}_upload")
    monkeypatch.setattr(button, "_send", lambda message, buffers=None: sent.append(message))
    for content in (FILES["a"], FILES["bad"]):
        give(live, **{which: ("mine.wav", content)})
        assert [message["state"]["value"] for message in sent if message["method"] == "update"] == [
            []
        ]
        sent.clear()


@pytest.mark.evidence("answers-outlast-steps")
@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda live: give(live, mix=("mine.wav", FILES["bad"])), "mine.wav cannot be read"),
        (lambda live: give(live, style=("mine.wav", FILES["a"])), "mine.wav is chosen"),
        (lambda live: live.panel.save.click(), "no take to save"),
        (lambda live: live.panel.stop.click(), "Stopping"),
    ],
)
def test_what_is_answered_while_it_plays_stays_to_be_read(accompanist, tmp_path, act, words):  # noqa: F811
    class Watched(Held):
        def takes(self, *args, callback, **settings):
            def step(done, total):
                try:
                    callback(done, total)
                finally:
                    seen.append(status(live))

            return super().takes(*args, callback=step, **settings)

    (tmp_path / "pop").mkdir()
    write_audio(tmp_path / "pop" / "mix.flac", noise(12_000))
    player, seen = Watched(accompanist), []
    live = Studio(player, tmp_path, tmp_path / "takes")
    live.panel.generate.click()
    assert player.begun.wait(PATIENCE)
    act(live)
    player.go.set()
    assert live.wait(PATIENCE)
    assert seen and all(words in text for text in seen)
