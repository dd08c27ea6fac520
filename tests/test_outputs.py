"""What a command writes is known before it begins; inputs and files of others keep their bytes,
whatever they are called.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from bassnb.accompanist import Accompanist
from bassnb.audio import read_audio, write_audio, write_blocks
from bassnb.checkpoints import System, save_pretrained
from bassnb.cli import app
from bassnb.composer.render import write_song
from bassnb.composer.songs import compose
from bassnb.errors import AudioError, BassnbError
from bassnb.files import whole_file
from bassnb.outputs import FILES, Output, check_outputs
from bassnb.presets import SMOKE
from bassnb.stored import write_json, write_tensors
from bassnb.studies import suite
from bassnb.studies.suite import examine
from bassnb.studies.summary import MARKS, TITLE, put_into
from bassnb.take import Accompaniment
from tests.commands import commands, kinds

pytestmark = [pytest.mark.kind("derived names"), pytest.mark.slow]


@pytest.fixture(scope="module")
def accompanist():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Accompanist(System(SMOKE).requires_grad_(False), name="tiny")


@pytest.fixture(scope="module")
def model(accompanist, tmp_path_factory):
    return save_pretrained(accompanist.system, tmp_path_factory.mktemp("outputs") / "model")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path


def sound(path, seed=0):
    return write_audio(
        path, 0.1 * torch.randn(2, 9000, generator=torch.Generator().manual_seed(seed))
    )


def contents(folder):
    """Digests of all files in a folder, by name."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def accompany(model, mix, *words):
    return run("accompany", mix, "--model", model, "--steps", 1, *words)


def assert_refused(result, *parts):
    """Status 2, and one sentence that holds `parts`."""
    assert result.exit_code == 2 and result.stdout == "", result.output
    assert len(result.stderr.strip().splitlines()) == 1 and all(
        part in result.stderr for part in parts
    ), result.stderr


def assert_done(result):
    assert result.exit_code == 0, result.output


# -- inputs ----------------------------------------------------------------------------------------

OTHER_PATHS = {  # ways to name the file mix.wav, each made in the folder where it lies
    "itself": lambda: "mix.wav",
    "dot": lambda: "./mix.wav",
    "around": lambda: f"../{Path.cwd().name}/mix.wav",
    "absolute": lambda: Path("mix.wav").absolute(),
    "symbolic link": lambda: os.symlink("mix.wav", "other.wav") or "other.wav",
    "link to a link": lambda: (
        os.symlink("mix.wav", "one.wav") or os.symlink("one.wav", "two.wav") or "two.wav"
    ),
    "hard link": lambda: os.link("mix.wav", "other.wav") or "other.wav",
    "linked folder": lambda: os.symlink(".", "link") or "link/mix.wav",
}


@pytest.mark.evidence("input-known-any-path")
@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
@pytest.mark.parametrize("way", OTHER_PATHS)
def test_an_input_is_known_by_any_path(way, force, place):
    before = sound("mix.wav").read_bytes()
    # A model that does not exist would be reported if it were loaded first.
    assert_refused(
        accompany("no-such-model", "mix.wav", "--out", OTHER_PATHS[way](), *force), "input"
    )
    assert Path("mix.wav").read_bytes() == before


@pytest.mark.evidence("derived-name-replaces-input")
@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
@pytest.mark.parametrize("role", ["mix", "style", "second style"])
@pytest.mark.parametrize(
    "name, words",
    [
        ("take-1.wav", ["--out", "take.wav", "--variations", 2]),
        ("take-3.wav", ["--out", "./take.wav", "--variations", 3]),
        ("take.wav", ["--out", "new.wav", "--with-mix", "take.wav"]),
        ("take-2.wav", ["--out", "new.wav", "--with-mix", "take.wav", "--variations", 2]),
    ],
)
def test_no_derived_name_replaces_an_input(name, words, role, force, place):
    sound("song.wav")
    sound(name, 1)
    before = contents(place)
    roles = {
        "mix": [name],
        "style": ["song.wav", "--style", name],
        "second style": ["song.wav", "--style", "song.wav", "--style", name],
    }
    assert_refused(accompany("no-such-model", *roles[role], *words, *force), name, "input")
    assert contents(place) == before


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
def test_the_files_of_a_model_are_inputs(force, model, place):
    shutil.copytree(model, "model")
    before = contents("model")
    sound("mix.wav")
    assert_refused(
        accompany("model", "mix.wav", "--out", "model/config.wav", *force), "model/config.json"
    )
    assert_refused(
        run("evaluate", "probe", "--model", "model", "--out", "model/config.json", *force),
        "model/config.json",
        "input",
    )
    assert_done(accompany("model", "mix.wav", "--out", "model/bass.wav", *force))
    # a take of ours may lie there
    assert_done(accompany("model", "mix.wav", "--out", "model/bass.wav", *force))
    assert {
        name: value for name, value in contents("model").items() if "bass" not in name
    } == before


@pytest.mark.parametrize("other", ["Take.wav", "TAKE.WAV", "./take.wav"])
def test_two_outputs_are_never_one_file(other, place):
    sound("mix.wav")
    assert_refused(
        accompany("no-such-model", "mix.wav", "--out", "take.wav", "--with-mix", other), "twice"
    )


def test_names_in_two_unicode_forms_are_one_file(place):
    names = [unicodedata.normalize(form, "é.wav") for form in ("NFC", "NFD")]
    with pytest.raises(BassnbError, match="twice"):
        check_outputs([Output(Path(name), lambda path: False) for name in names])


# -- files of others -------------------------------------------------------------------------------

SETTINGS = {"model": "tiny", "seed": 0, "version": "0.1.0"}
FOREIGN = {  # what may lie under the name of the settings
    "somebody's": b'{"my": "session"}',
    "a list": b"[1, 2]",
    "a text": b"dear diary",
    "empty": b"",
    "cut off": b'{"bassnb_files": {',
    "no text": bytes(range(256)),
    "UTF-16": '{"my": 1}'.encode("utf-16"),
    "deep": b"[" * 100_000,
    "of another program": json.dumps(SETTINGS).encode(),
    "almost ours": json.dumps({**SETTINGS, FILES: True}).encode(),
    "a report": b'{"command": "bassnb evaluate match", "version": "0.1.0"}',
    "a song": compose(0, seconds=2.0).to_json().encode(),
}


@pytest.mark.evidence("json-file-others-kept")
@pytest.mark.parametrize(
    "words, names",
    [
        (["--out", "session.wav"], ["session.json"]),
        (["--out", "session.wav", "--variations", 2], ["session-2.json"]),
    ],
    ids=["one", "numbered"],
)
@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_a_json_file_of_others_is_kept(content, words, names, place):
    sound("mix.wav")
    Path(names[0]).write_bytes(content)
    before = contents(place)
    assert_refused(accompany("no-such-model", "mix.wav", *words), names[0], "--force")
    assert contents(place) == before


def test_force_replaces_files_of_others(model, place):
    sound("mix.wav")
    sound("bass.wav", 1)
    Path("bass.json").write_bytes(FOREIGN["somebody's"])
    assert_done(accompany(model, "mix.wav", "--out", "bass.wav", "--force"))
    assert set(json.loads(Path("bass.json").read_text())[FILES]) == {"bass.wav", "bass.latents"}
    assert_done(accompany(model, "mix.wav", "--out", "bass.wav"))  # it is ours now


@pytest.mark.parametrize(
    "name, words",
    [
        ("bass.wav", []),
        ("bass-2.wav", ["--variations", 2]),
        ("both.wav", ["--with-mix", "both.wav"]),
        ("both-1.wav", ["--with-mix", "both.wav", "--variations", 2]),
    ],
)
@pytest.mark.parametrize("link", [False, True], ids=["", "link"])
def test_a_sound_file_of_others_is_kept(name, words, link, place):
    sound("mix.wav")
    if link:
        sound("recording.wav", 1)
        os.symlink("recording.wav", name)
    else:
        sound(name, 1)
    before = contents(place)
    assert_refused(
        accompany("no-such-model", "mix.wav", "--out", "bass.wav", *words), name, "--force"
    )
    assert contents(place) == before


# -- files of ours ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["--out", "bass.wav"],
        ["--out", "bass.wav", "--variations", 2],
        ["--out", "b.flac", "--with-mix", "both.flac"],
        ["--out", "b.mp3", "--with-mix", "sub/both.wav", "--variations", 2],
        ["--out", "sub/b.wav", "--with-mix", "b.wav"],
        ["--out", "link/b.wav"],
    ],
)
def test_the_same_command_may_be_run_again(words, model, place):
    sound("mix.wav")
    os.mkdir("sub")
    os.symlink("sub", "link")
    assert_done(accompany(model, "mix.wav", *words))
    before = contents(place)
    assert_done(accompany(model, "mix.wav", *words))
    assert contents(place) == before
    assert_done(accompany(model, "mix.wav", *words, "--seed", 5))
    assert contents(place).keys() == before.keys() and contents(place) != before


@pytest.mark.evidence("take-was-changed-since-kept")
def test_a_take_that_was_changed_since_is_kept(model, place):
    sound("mix.wav")
    assert_done(accompany(model, "mix.wav", "--out", "bass.wav"))
    sound("bass.wav", 9)  # somebody edited it
    assert_refused(accompany(model, "mix.wav", "--out", "bass.wav"), "bass.wav", "changed")


def test_a_take_in_two_formats_shares_its_settings(accompanist, place):
    take = accompanist(torch.randn(2, 9000), steps=1)
    for _ in range(2):
        for name in ("bass.wav", "bass.flac"):
            take.save(name)


def test_a_take_is_recognised_until_the_last_of_its_files_is_written(
    accompanist, place, monkeypatch
):
    """Killed while the mix was written, the same call finds a bass that is its own."""
    mix = sound("mix.wav")

    def fails(path, blocks):
        if Path(path).name == "both.wav":
            raise KeyboardInterrupt
        return write_blocks(path, blocks)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("bassnb.take.write_blocks", fails)
        accompanist.accompany_file(mix, "bass.wav", with_mix="both.wav", steps=1)
    assert Path("bass.wav").is_file()
    assert len(accompanist.accompany_file(mix, "bass.wav", with_mix="both.wav", steps=1)) == 2


# -- in Python -------------------------------------------------------------------------------------


@pytest.mark.parametrize("force", [False, True])
def test_save_keeps_inputs_and_files_of_others(accompanist, force, place):
    mix, style = sound("mix.wav"), sound("style.wav", 1)
    take = accompanist(mix, style=[style], steps=1)
    for path in (mix, style, "./mix.wav"):
        with pytest.raises(BassnbError, match="input"):
            take.save(path, force=force)
    Path("song.json").write_text("{}")
    before = contents(place)
    if force:
        assert take.save("song.wav", force=True) == Path("song.wav")
    else:
        with pytest.raises(BassnbError, match="song.json"):
            take.save("song.wav")
        assert contents(place) == before
    assert all(contents(place)[name] == before[name] for name in ("mix.wav", "style.wav"))


@pytest.mark.parametrize("force", [False, True])
def test_accompany_file_checks_before_it_plays(accompanist, force, place, monkeypatch):
    monkeypatch.setattr(Accompanist, "sample", lambda *args, **options: pytest.fail("it plays"))
    sound("take-1.wav")
    for out, options in (
        ("take.wav", {"variations": 2}),
        ("a.wav", {"with_mix": "take.wav", "variations": 2}),
    ):
        with pytest.raises(BassnbError, match="input"):
            accompanist.accompany_file("take-1.wav", out, force=force, **options)
    for out in ("missing/a.wav", "a.xyz", ""):
        with pytest.raises(AudioError):
            accompanist.accompany_file("take-1.wav", out, force=force)
    with pytest.raises(OSError, match="too long"):
        # its settings need one letter more
        accompanist.accompany_file("take-1.wav", "n" * 251 + ".wav", force=force)


def test_settings_of_any_form_make_a_take_of_ours(place):
    take = Accompaniment(
        torch.zeros(2, 10), torch.zeros(2, 10), torch.zeros(32, 1), {"note": "made by hand"}
    )
    assert take.save("a.wav") == take.save("a.wav") == Path("a.wav")
    assert json.loads(Path("a.json").read_text())["note"] == "made by hand"


# -- the other commands ----------------------------------------------------------------------------


def songs(*words):
    return run("songs", "--out", "songs", "--count", 2, "--seconds", 1, *words)


def test_songs_are_written_again_and_files_of_others_kept(place):
    assert_done(songs())
    before = contents(place)
    assert_done(songs())
    assert contents(place) == before
    Path("songs/train-000001/song.json").write_text('{"title": "mine"}')
    before = contents(place)
    assert_refused(songs(), "train-000001", "--force")
    assert contents(place) == before
    assert_done(songs("--force"))


@pytest.mark.evidence("folder-something-else-gets-song")
@pytest.mark.parametrize("name", ["bass.flac", "mix.flac", "song.json", "melody.flac"])
def test_a_folder_with_something_else_gets_no_song(name, place):
    folder = Path("songs/train-000001")
    folder.mkdir(parents=True)
    (folder / name).write_text("mine")
    assert_refused(songs(), str(folder / name))
    assert contents(place) == {f"{folder}/{name}": hashlib.sha256(b"mine").hexdigest()}


def test_a_song_that_was_interrupted_can_be_written_again(place, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(
            "bassnb.composer.render.write_atomically",
            lambda *args: (_ for _ in ()).throw(KeyboardInterrupt),
        )
        write_song(compose(0, seconds=1.0), "songs/train-000000")
    assert not Path("songs/train-000000").exists()
    assert_done(songs())


@pytest.mark.evidence("report-replaces-reports-only")
@pytest.mark.parametrize(
    "content",
    [
        b'{"command": "ls", "args": []}',
        b"{}",
        b"notes",
        FOREIGN["a song"],
        json.dumps(SETTINGS).encode(),
    ],
)
def test_a_report_replaces_reports_only(content, model, place):
    Path("x.json").write_bytes(content)
    for command in ("evaluate probe", "evaluate match", "evaluate ablations"):
        extra = ["--run", "run"] if "ablations" in command else []
        assert_refused(
            run(*command.split(), "--model", "no-such-model", "--out", "x.json", *extra),
            "x.json",
            "--force",
        )
    with pytest.raises(BassnbError):
        examine("probe", None, Path("x.json"))
    assert Path("x.json").read_bytes() == content


def test_a_report_is_measured_again(model, place, monkeypatch):
    monkeypatch.setattr(
        suite.STUDIES["probe"],
        "run",
        lambda accompanist, **options: {"songs": 2, "accuracy": {"mean": 1.0}},
    )
    monkeypatch.setattr(
        suite.STUDIES["probe"], "headline", lambda report: f"{report['songs']} songs"
    )
    words = ["evaluate", "probe", "--model", model, "--songs", 2, "--out", "x.json"]
    Path("x.json").write_text("{}")
    assert_refused(run(*words), "x.json")
    assert_done(run(*words, "--force"))
    assert_done(run(*words))


def test_every_file_of_all_examinations_is_checked_first(place):
    os.mkdir("out")
    for name, content in (("transfer.json", "{}"), ("SUMMARY.md", "# My own summary")):
        Path("out", name).write_text(content)
        assert_refused(run("evaluate", "all", "--model", "no-such-model", "--out", "out"), name)
        Path("out", name).unlink()


def test_the_summary_touches_its_own_files_only(place):
    os.mkdir("results")
    write_json(Path("results/other.json"), {})
    assert_done(run("evaluate", "summary", "--results", "results"))
    assert_done(run("evaluate", "summary", "--results", "results"))
    assert Path("results/SUMMARY.md").read_text().startswith(TITLE)
    Path("results/SUMMARY.md").write_text("mine")
    assert_refused(run("evaluate", "summary", "--results", "results"), "SUMMARY.md", "--force")
    Path("README.md").write_bytes(b"no marks, \xff no text")
    before = contents(place)
    assert_refused(
        run("evaluate", "summary", "--results", "results", "--force", "--into", "README.md"),
        "README.md",
        "no place",
    )
    assert contents(place) == before


@pytest.mark.evidence("page-only-marked-place-changes")
def test_of_a_page_only_the_marked_place_changes(place, monkeypatch):
    monkeypatch.setattr("bassnb.studies.summary.measured_table", lambda reports: ["| table |"])
    page, (start, end) = Path("page.md"), MARKS
    page.write_bytes(
        b"\xef\xbb\xbftitle\r\n\xff\r\n" + f"{start} old\r\n{end}".encode() + b"\r\nend\r"
    )
    put_into(page, {"match": {"rows": {}}})
    assert (
        page.read_bytes()
        == b"\xef\xbb\xbftitle\r\n\xff\r\n"
        + f"{start}\n\n| table |\n\n{end}".encode()
        + b"\r\nend\r"
    )
    Path("other.md").write_text(start)
    with pytest.raises(BassnbError):
        put_into(Path("other.md"), {"match": {"rows": {}}})


TRAININGS = {
    "autoencoder": (
        ["--stem", "bass", "--data", "missing"],
        ["model.safetensors", "config.json", "log.jsonl", "best.safetensors"],
    ),
    "diffusion": (
        ["--mix", "missing", "--bass", "missing"],
        ["pretrained/model.safetensors", "pretrained/config.json", "nan.json"],
    ),
    "distill": (["--model", "classroom"], ["pretrained/config.json", "log.jsonl"]),
    "judge": (["--model", "classroom"], ["judge.safetensors", "best.safetensors"]),
    "ablations": (["--model", "classroom", "--out", "a.json"], ["length.json", "final/marks.json"]),
}


@pytest.mark.evidence("run-folder-files-others-refused")
@pytest.mark.parametrize(
    "part, name", [(part, name) for part, (_, names) in TRAININGS.items() for name in names]
)
def test_a_run_folder_with_files_of_others_is_refused(part, name, place):
    if part == "ablations":
        from bassnb.studies.variants import VARIANTS

        name = name.replace("final", VARIANTS[0].training)
    (Path("run") / name).parent.mkdir(parents=True)
    (Path("run") / name).write_text('{"mine": 1}\n')
    before = contents(place)
    room = "evaluate" if part == "ablations" else "train"
    assert_refused(run(room, part, *TRAININGS[part][0], "--run", "run", "--device", "cpu"), name)
    assert contents(place) == before


def test_what_a_training_left_before_its_first_checkpoint_is_its_own(place):
    os.mkdir("run")
    Path("run/log.jsonl").write_text('{"step": 50, "loss": 1.0}\n')
    write_tensors(Path("run/best.safetensors"), {"x": torch.zeros(1)}, {"best": "{}"})
    write_json(Path("run/nan.json"), {"step": 1, "batch_seed": 2})
    result = run(
        "train",
        "autoencoder",
        *TRAININGS["autoencoder"][0],
        "--run",
        "run",
        "--preset",
        "smoke",
        "--device",
        "cpu",
    )
    assert_refused(result, "missing is no folder")


# -- every command ---------------------------------------------------------------------------------

WRITTEN = {"--out", "--with-mix", "--midi", "--run", "--cache", "--results", "--into"}
READ = {
    "mix",
    "data",
    "--keep",
    "--line",
    "--style",
    "--data",
    "--latents",
    "--folder",
    "--soundfont",
    "--fetched",
}
# the page, the model: changing them is what they are for
EDITED = {("evaluate summary", "--into"), ("evaluate guidance", "--adopt")}
QUICK = {
    "accompany": [
        "collection/a/mix.wav",
        "--style",
        "style-1.wav",
        "--model",
        "model",
        "--steps",
        "1",
        "--out",
        "x.wav",
    ],
    "songs": ["--out", "x", "--count", "1", "--seconds", "1"],
    "export": ["model", "--out", "x"],
    "index": ["collection"],
    "encode": [
        "collection",
        "--out",
        "x",
        "--mix",
        "run",
        "--bass",
        "model",
        "--preset",
        "smoke",
        "--device",
        "cpu",
    ],
    "train autoencoder": [
        "--stem",
        "mix",
        "--data",
        "collection",
        "--run",
        "x",
        "--preset",
        "smoke",
        "--device",
        "cpu",
        "--steps",
        "1",
    ],
    "train diffusion": [
        "--mix",
        "model",
        "--bass",
        "model",
        "--data",
        "no",
        "--run",
        "x",
        "--preset",
        "smoke",
        "--device",
        "cpu",
    ],
    "train distill": ["--model", "no", "--run", "x"],
    "train judge": ["--model", "no", "--run", "x"],
    "evaluate ablations": ["--model", "no", "--run", "x"],
    "evaluate": ["--model", "no"],
    "evaluate summary": ["--results", "reports"],
    "evaluate transfer": ["--model", "no", "--folder", "collection"],
    "info": ["--model", "model"],
}


def paths_of(command):
    """Options and arguments of a command that are paths."""
    for parameter, hint in kinds(command):
        if hint is Path:
            yield parameter.opts[0] if parameter.param_type_name == "option" else parameter.name


@pytest.mark.parametrize("name, command", list(commands()), ids=[name for name, _ in commands()])
def test_every_path_of_a_command_is_read_or_written(name, command):
    """An option that is added must be put into one of the lists, and then into the test below."""
    assert set(paths_of(command)) <= WRITTEN | READ
    answers = {"--out", "--with-mix", "--results"} & set(paths_of(command)) and name != "encode"
    assert not answers or any("--force" in parameter.opts for parameter in command.params)


@pytest.fixture(scope="module")
def material(model, tmp_path_factory):
    """Everything that a command may read."""
    folder = tmp_path_factory.mktemp("material")
    shutil.copytree(model, folder / "model")
    for name in ("a", "b"):
        (folder / "collection" / name).mkdir(parents=True)
        for number, stem in enumerate(("mix", "bass", "drums")):
            sound(folder / "collection" / name / f"{stem}.wav", number)
        (folder / "collection" / name / "config.json").write_text('{"artist": "x"}')
    for number in (1, 2):
        sound(folder / f"style-{number}.wav")
    (folder / "reports").mkdir()
    (folder / "reports" / "notes.json").write_text("{}")
    (folder / "reports" / "SUMMARY.md").write_text("by hand")
    (folder / "run").mkdir()
    shutil.copy(folder / "model" / "model.safetensors", folder / "run")
    (folder / "run" / "config.json").write_text('{"stem": "mix"}')
    return folder


FILES_AND_FOLDERS = [
    "collection",
    "collection/a",
    "model",
    "run",
    "reports",
    "style-1.wav",
    "collection/a/mix.wav",
    "collection/b/bass.wav",
    "model/config.json",
    "model/config.wav",
    "collection/a/config.wav",
    "reports/notes.json",
    "reports/notes.wav",
    "style.wav",
]
CASES = [
    (name, option)
    for name, command in commands()
    for option in paths_of(command)
    if option in WRITTEN
]


@pytest.mark.evidence("inputs-never-overwritten")
@pytest.mark.parametrize("name, option", CASES, ids=[" ".join(case) for case in CASES])
def test_no_command_writes_to_what_it_may_read(name, option, material, place, tally):
    """Each output of each command on each file and folder that is there, and on names from which
    theirs are derived.
    """
    shutil.copytree(material, ".", dirs_exist_ok=True)
    before, words = contents(place), QUICK.get(name) or QUICK[name.split()[0]]
    extras = ([], ["--variations", "2"]) if name == "accompany" else ([],)
    for target in FILES_AND_FOLDERS:
        for extra in extras:
            at = words.index(option) if option in words else len(words)
            result = run(*name.split(), *words[:at], *words[at + 2 :], option, target, *extra)
            after = contents(place)
            assert {path: after.get(path) for path in before} == before, (
                name,
                option,
                target,
                result.output,
            )
            assert result.exit_code in (0, 2), (name, option, target, result.output)
            tally()


def test_a_dangling_link_is_a_new_file(place):
    os.symlink("bass.wav", "link.wav")
    check_outputs([Output(Path("link.wav"), lambda path: False)])
    with pytest.raises(BassnbError, match="twice"):
        check_outputs([Output(Path(name), lambda path: False) for name in ("link.wav", "bass.wav")])
    with whole_file("link.wav") as unfinished:
        unfinished.write_text("x")
    assert Path("bass.wav").read_text() == "x"


def test_the_studio_saves_beside_what_is_there(accompanist, place, monkeypatch):
    from bassnb.widgets.studio import STATIC, studio

    monkeypatch.delenv(STATIC, raising=False)
    for folder in ("samples/song", "takes"):
        os.makedirs(folder)
    sound("samples/song/mix.flac")
    Path("takes/take-001-seed-0.json").write_text("mine")
    panel = studio(accompanist, Path("samples"), takes=Path("takes"))
    panel.takes = [accompanist("samples/song/mix.flac", steps=1)]
    assert [path.name for path in panel.save()] == ["take-002-seed-0.flac"]
    assert Path("takes/take-001-seed-0.json").read_text() == "mine" and read_audio(
        "takes/take-002-seed-0.flac"
    ).shape == (2, 9000)


@pytest.mark.parametrize(
    "module, words, name",
    [
        ("benchmarks", ["--quick", "--out", "x.json"], "x.json"),
        (
            "benchmarks.gpu",
            ["--preset", "smoke", "--device", "cpu", "--only", "ceiling", "--out", "."],
            "smoke-ceiling.json",
        ),
    ],
)
def test_benchmarks_keep_files_of_others(module, words, name, place):
    Path(name).write_text('{"command": "make lunch"}')
    before = contents(place)
    # In a process of its own: accelerate keeps one precision for each process.
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert (
        done.returncode == 2
        and name in done.stderr
        and "Traceback" not in done.stderr
        and contents(place) == before
    )
