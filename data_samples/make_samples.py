"""Render the songs and style references in this folder.

Run ``python data_samples/make_samples.py``. There are four songs that no published weights were
trained on: mix (everything but the bass) and bass as 16-bit FLAC, the other stems as Ogg; and eight
General MIDI basses playing one line, 5 s each. The notes are in the `song.json` and `phrase.json`
files. `bassnb.composer.songs.compose` wrote them; later versions of it return other songs for the
same seeds, so the files are kept.
"""

from dataclasses import replace
from pathlib import Path

from bassnb.audio import write_audio
from bassnb.composer.render import mix_of, render
from bassnb.composer.score import Song
from bassnb.composer.songs import BASSES

HERE = Path(__file__).parent
SONGS = ("pop", "latin", "rock", "jazz")


def main() -> None:
    """Write every sound file, replacing what is there."""
    for name in SONGS:
        stems = render(Song.from_json((HERE / name / "song.json").read_text()))
        for stem, wave in [*stems.items(), ("mix", mix_of(stems))]:
            lossless = stem in ("mix", "bass")  # inputs of model and evaluation
            path = HERE / name / f"{stem}.{'flac' if lossless else 'ogg'}"
            write_audio(path, wave, subtype="PCM_16" if lossless else None)
    phrase = Song.from_json((HERE / "styles" / "phrase.json").read_text())
    for name, program in BASSES.items():
        song = replace(phrase, parts=(replace(phrase.part("bass"), program=program),))
        write_audio(
            HERE / "styles" / f"{name}.flac",
            render(song, parts=("bass",))["bass"],
            subtype="PCM_16",
        )


if __name__ == "__main__":
    main()
