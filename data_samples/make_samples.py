"""Render the songs and style references in this folder again: `python data_samples/make_samples.py`.

Four songs of the test split, which no shipped weights were trained on, with their truth: mix (everything but
the bass) and bass as 16-bit FLAC, the other stems as Ogg. And the eight General MIDI basses playing one line, 5 s each.
"""

from pathlib import Path

from bassnb.audio import write_audio
from bassnb.checkpoints import write_atomically
from bassnb.data.render import mix_of, render
from bassnb.data.songs import compose

HERE = Path(__file__).parent
SONGS = {"pop": 1005, "latin": 1024, "rock": 1012, "jazz": 1034}  # folder: seed
STYLES = ("acoustic", "finger", "pick", "fretless", "slap-1", "slap-2", "synth-1", "synth-2")  # programs 32 to 39
SECONDS, STYLE_SECONDS = 16.0, 5.0


def main() -> None:
    """Write every file, replacing what is there."""
    for name, seed in SONGS.items():
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        song = compose(seed, split="test", seconds=SECONDS)
        stems = render(song)
        for stem, wave in [*stems.items(), ("mix", mix_of(stems))]:
            lossless = stem in ("mix", "bass")  # what the model and the evaluation read
            write_audio(folder / f"{stem}.{'flac' if lossless else 'ogg'}", wave, subtype="PCM_16" if lossless else None)
        write_atomically(folder / "song.json", song.to_json().encode())
    (HERE / "styles").mkdir(exist_ok=True)
    for number, name in enumerate(STYLES):
        song = compose(2000, split="test", seconds=STYLE_SECONDS, bass_program=32 + number, bass_style="roots")
        write_audio(HERE / "styles" / f"{name}.flac", render(song, parts=("bass",))["bass"], subtype="PCM_16")


if __name__ == "__main__":
    main()
