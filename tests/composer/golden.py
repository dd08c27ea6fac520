"""A hash of a song that later fields with neutral values do not change."""

import hashlib
import json
from dataclasses import asdict

from bassnb.composer.songs import Song

SONG = (
    "seed split idiom tempo metre key mode duration tuning gain_db beats downbeats chords "
    "bass_style bass_timbre"
).split()
PART = "name program is_drum notes gain_db pan".split()
EFFECTS = "drive lowpass delay feedback room width".split()


def song_hash(song: Song) -> str:
    """Twelve hexadecimal digits of the SHA-256 of the song's first fields."""
    raw = asdict(song)
    kept = {name: raw[name] for name in SONG}
    kept["parts"] = [
        {name: part[name] for name in PART}
        | {"effects": {name: part["effects"][name] for name in EFFECTS}}
        for part in raw["parts"]
    ]
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()[:12]
