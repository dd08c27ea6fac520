#!/bin/sh
# From a collection of songs with stems to a bass for a song of yours:
#
#   sh from_stems_to_bass.sh DATA SONG OUT [PRESET [OPTION ...]]
#
# DATA    a collection in any layout that bassnb knows, for example MUSDB18-HQ
# SONG    a mix that is to be accompanied
# OUT     a folder; everything goes there. Started again, the script goes on where it was.
# PRESET  smoke, classroom (the default), studio or paper, or a JSON file
# OPTION  of the three trainings: --precision bf16 (fp16 on a T4), --compile, --best, --composed 0.3 ...
set -eu
data=$1 song=$2 out=$3 preset=${4:-classroom}
shift $(($# < 4 ? $# : 4))
model=$out/diffusion/pretrained
mkdir -p "$out"

# What is there, and what sounds when: every file is listened to once.
bassnb index "$data" --cache "$out/cache"

# Two autoencoders: one for sub-mixes, one for the stem that is to be played.
for stem in mix bass; do
    bassnb train autoencoder --stem $stem --data "$data" --preset "$preset" \
        --cache "$out/cache" --run "$out/$stem" --resume "$@"
done

# The latents of all songs, computed once.
bassnb encode "$data" --mix "$out/mix" --bass "$out/bass" --preset "$preset" \
    --cache "$out/cache" --out "$out/latents"

# The diffusion model between the two autoencoders.
bassnb train diffusion --mix "$out/mix" --bass "$out/bass" --latents "$out/latents" \
    --preset "$preset" --cache "$out/cache" --run "$out/diffusion" --resume "$@"

# A bass for the song, and marks on the songs of the collection that were kept for the test.
bassnb accompany "$song" --model "$model" --out "$out/bass.wav" --with-mix "$out/together.wav"
bassnb evaluate transfer --model "$model" --folder "$data" --family "$(basename "$data")" \
    --split test --out "$out/transfer.json"
