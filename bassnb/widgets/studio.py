"""The live panel of the accompanist: a song in, several basses out.

Taught in chapter 8.

The panel needs a running kernel. Where a book is built there is none, so `studio`
then returns a description.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import threading
import traceback
from dataclasses import dataclass
from html import escape
from pathlib import Path

from bassnb.accompanist import Accompanist
from bassnb.denoiser import ALWAYS
from bassnb.errors import BassnbError
from bassnb.sampling import STEPS
from bassnb.take import Accompaniment
from bassnb.widgets.listen import STATIC, listen
from bassnb.widgets.panel import CONTROLS, SAMPLERS, make_panel
from bassnb.widgets.upload import Upload, read_upload, take_file

VIEW = "application/vnd.jupyter.widget-view+json"  # what a page draws a widget from


@dataclass(frozen=True)
class Printed:
    """Text that a built book shows in place of the panel."""

    text: str

    def _repr_markdown_(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def studio(
    accompanist: Accompanist,
    samples: str | os.PathLike = Path("../data_samples"),
    *,
    takes: str | os.PathLike = Path("takes"),
):
    """The live panel, or in a built book a description of it.

    Parameters
    ----------
    accompanist : generates the takes
    samples : folder of songs, `<song>/mix.flac`, and of `styles/*.flac`
    takes : folder for saved takes; it is made when needed

    Returns
    -------
    Studio or Printed, to be the last line of a cell

    Raises
    ------
    BassnbError
        If there is no sample song.
    """
    if os.environ.get(STATIC):
        return printed()
    return Studio(accompanist, Path(samples), Path(takes))


def printed() -> Printed:
    """A description of the panel, with the names of its controls."""
    lines = [f"* **{name}**: {text}." for name, text in CONTROLS.items()]
    head = (
        "**The studio** is a panel with these controls; open this chapter as a notebook to use it."
    )
    tail = (
        "*Generate* makes the takes and shows its progress; pressed again meanwhile, it queues the "
        "new settings. *Stop* ends it. *Save takes* writes the basses and their settings."
    )
    return Printed("\n".join([head, "", *lines, "", tail]))


class Studio:
    """The panel and its behaviour.

    Attributes
    ----------
    panel : the widgets, by name
    takes : list of Accompaniment, the last ones generated
    """

    def __init__(self, accompanist: Accompanist, samples: Path, folder: Path):
        songs = sorted(path.parent for path in samples.glob("*/mix.flac"))
        if not songs:
            raise BassnbError(
                f"there is no song in {samples}; give a folder that holds <song>/mix.flac"
            )
        styles = sorted((samples / "styles").glob("*.flac"))
        defaults = accompanist.settings()
        self.accompanist, self.folder = accompanist, folder
        self.takes: list[Accompaniment] = []
        self._thread: threading.Thread | None = None
        self._drawing = threading.Lock()  # of `takes` and the players that show them
        self._lock = threading.Lock()  # of what follows
        # whether a job runs, and the job after it
        self._running = False
        self._next: tuple | None = None
        self._stopped = threading.Event()
        self.panel = make_panel(
            [(f"sample: {song.name}", song / "mix.flac") for song in songs],
            [("none", ""), *((f"sample: {path.stem}", path) for path in styles)],
            guidance=defaults["guidance"],
            phi=defaults["phi"],
            strength=defaults["strength"],
            steps=STEPS[SAMPLERS[0][1]],
        )
        for upload, menu in (
            (self.panel.mix_upload, self.panel.mix),
            (self.panel.style_upload, self.panel.style),
        ):
            upload.observe(
                lambda change, menu=menu: self._receive(change["owner"], menu), names="value"
            )
        self.panel.sampler.observe(
            lambda change: setattr(self.panel.steps, "value", STEPS[change["new"]]), names="value"
        )
        self.panel.generate.on_click(lambda _: self.generate())
        self.panel.stop.on_click(lambda _: self.stop())
        self.panel.save.on_click(lambda _: self.save())
        self.panel.balance.observe(lambda _: self._show(), names="value")

    def _repr_mimebundle_(self, **options) -> dict:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.panel.box.model_id}
        return {"text/plain": "Studio", VIEW: view}

    def say(self, text: str) -> None:
        """One sentence below the buttons."""
        self.panel.status.value = f'<span role="status">{escape(text)}</span>'

    def generate(self) -> None:
        """Start a generation with the settings of the panel, in a thread; see `wait`.

        While a generation runs, the settings are queued, one set at most: two generations at once
        would take twice the memory, and only the last settings are of interest.
        """
        names = ("guidance", "phi", "guidance_rule", "sampler", "steps", "strength", "seed")
        settings = {name: getattr(self.panel, name).value for name in (*names, "variations")}
        low, high = self.panel.guidance_interval.value
        settings["guidance_interval"] = None if (low, high) == ALWAYS else f"{low:g}-{high:g}"
        job = (self.panel.mix.value, self.panel.style.value, settings)
        with self._lock:
            if self._running:
                self._next = job
                return self.say("These settings are next, when the running generation has ended.")
            self._running = True
            self._stopped.clear()
            self.panel.stop.disabled = False
        self._thread = threading.Thread(target=self._work, args=(job,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the generation after its next step, and drop the queued settings."""
        with self._lock:
            self._next = None
            if self._running:
                self._stopped.set()
                self.say("Stopping …")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the running generation, at most `timeout` seconds; returns whether it ended."""
        if self._thread is not None:
            self._thread.join(timeout)
        return not self._running

    def save(self) -> list[Path]:
        """Write every take as FLAC, with its settings as JSON, under unused names."""
        if not self.takes:
            self.say("There is no take to save yet; press Generate first.")
            return []
        try:
            paths = [take.save(self._free_path(take.settings["seed"])) for take in self.takes]
        except (BassnbError, OSError) as error:
            self.say(f"The takes could not be saved: {error}")
            return []
        self.say(f"Saved {', '.join(path.name for path in paths)} in {self.folder}.")
        return paths

    def _free_path(self, seed: int) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        used = {"-".join(path.name.split("-")[:2]) for path in self.folder.glob("take-*")}
        stem = next(
            stem
            for stem in (f"take-{number:03d}" for number in itertools.count(1))
            if stem not in used
        )
        return self.folder / f"{stem}-seed-{seed}.flac"

    def _work(self, job: tuple | None) -> None:
        """Run jobs in the thread, one after the other, until none is queued."""
        while job:
            try:
                self._run(*job)
            finally:
                with self._lock:
                    job, self._next = self._next, None
                    self._running = job is not None
                    self._stopped.clear()  # it applied to the job that has ended
                    self.panel.stop.disabled = not self._running

    def _run(self, mix, style, settings: dict) -> None:
        """Generate the takes, show them, and report the result."""
        steps = settings["steps"] * settings["variations"]
        self.panel.progress.value, self.panel.progress.max = 0, steps
        self.panel.progress.description = ""
        self.say("Reading the mix …")
        try:
            takes = self._play(mix, style, dict(settings))
            self._show(takes)
            self.panel.save.disabled = False
            self.say(f"Done: {len(takes)} take{'s' * (len(takes) > 1)}.")
        except BassnbError as error:
            self.say(str(error))
        # the panel reports any error; the traceback is in the log of the kernel
        except Exception as error:
            self.say(
                f"Something went wrong ({type(error).__name__}: {error}); see the log of the kernel."
            )
            traceback.print_exc()

    def _play(self, mix, style, settings: dict) -> list[Accompaniment]:
        def step(done: int, total: int) -> None:
            if self._stopped.is_set():
                raise BassnbError("Stopped; the takes before are still here.")
            self.panel.progress.value = done
            # `say` would replace the answer to a press or an upload
            self.panel.progress.description = f"{done} of {total}"

        sources = [
            source.wave if isinstance(source, Upload) else source or None for source in (mix, style)
        ]
        count = settings.pop("variations")
        takes = self.accompanist.takes(
            sources[0], count, style=sources[1], callback=step, **settings
        )
        names = {
            key: f"uploaded: {source.name}"
            for key, source in (("mix", mix), ("style", style))
            if isinstance(source, Upload)
        }
        return [dataclasses.replace(take, settings={**take.settings, **names}) for take in takes]

    def _show(self, takes: list[Accompaniment] | None = None) -> None:
        """Show mix, basses and both together in aligned players, at the present balance.

        Without `takes`, the present ones are shown again.
        """
        with self._drawing:
            takes = self.takes if takes is None else takes
            if not takes:
                return
            balance = self.panel.balance.value
            sounds = {"mix": takes[0].mix}
            for take in takes:
                sounds[f"bass, seed {take.settings['seed']}"] = take.audio
                sounds[f"together, seed {take.settings['seed']}"] = take.mix_with(balance)
            texts = {
                name: f"the bass at {balance:+.1f} dB"
                for name in sounds
                if name.startswith("together")
            }
            html = listen(sounds, descriptions=texts, title="Takes").html
            self.panel.takes.outputs = (
                {
                    "output_type": "display_data",
                    "data": {"text/html": html, "text/plain": "players"},
                    "metadata": {},
                },
            )
            self.takes = takes

    def _receive(self, button, menu) -> None:
        """Move the uploaded file from its button into a menu and choose it, or report the error.

        The button is left empty: neither the page nor the kernel reports the same content again.
        """
        file = take_file(button)
        if file is None:
            return
        try:
            upload = read_upload(file)
        except (BassnbError, OSError) as error:
            return self.say(str(error))
        kept = [(label, value) for label, value in menu.options if not isinstance(value, Upload)]
        menu.options = [*kept, (f"yours: {upload.name}", upload)]
        menu.index = len(kept)
        self.say(f"{upload.name} is chosen.")
