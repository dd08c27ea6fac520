"""Every size of the system, as frozen dataclasses, and its presets.

Four presets: `smoke` (tests, seconds), `classroom` (trains on two CPU cores in a few hours,
shipped), `studio` (one GPU for an evening) and `paper` (every number that the paper fixes). A field
that the paper fixes names its section; the others say why they have their value. The parts of a
training have their fields in `bassnb.schedules`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from bassnb.checked import MOST_ENTRIES, Checked, fields_of, setting
from bassnb.errors import BassnbError
from bassnb.schedules import AutoencoderTraining, DiffusionTraining

SAMPLE_RATE = 44_100  # Hz: 256 latents of 4096 samples last "~23 s" (section 4) only at this rate
TIME_RATIO = 4096  # samples per latent step, r_time in section 4


@dataclass(frozen=True)
class AutoencoderConfig(Checked):
    """Shape of one autoencoder (section 3.1, taught in chapter 1)."""

    latent_channels: int  # dim_x = 64 for mixes, dim_y = 32 for the stem (section 4)
    hop: int  # samples; the window is 4 hops long (section 4)
    bins: int  # lowest frequency bins kept, of 2 * hop + 1
    log_eps: float  # epsilon of log(|S|^2 + eps): quieter parts do not enter the loss
    # channels per resolution, finest first; a stride-2 stage between two
    encoder_widths: tuple[int, ...]
    decoder_widths: tuple[int, ...]  # the same, also finest first
    blocks: int = setting(1, high=MOST_ENTRIES)  # residual blocks per resolution
    phase_blocks: int = setting(1, high=MOST_ENTRIES)  # residual blocks of the phase head
    # Griffin-Lim projections from the head's phase; 0 is the paper's head
    projections: int = setting(0, high=MOST_ENTRIES)
    channels: int = setting(2, high=MOST_ENTRIES)  # mid and side

    def __post_init__(self):
        super().__post_init__()
        if self.hop * self.stride != TIME_RATIO or len(self.encoder_widths) != len(
            self.decoder_widths
        ):
            raise BassnbError(
                f"hop {self.hop} with {len(self.encoder_widths)} encoder and {len(self.decoder_widths)} decoder widths "
                f"gives no time ratio of {TIME_RATIO}; hop * 2 ** (widths - 1) must be {TIME_RATIO}"
            )
        if not 0 < self.bins <= 2 * self.hop + 1:
            raise BassnbError(
                f"a spectrum with hop {self.hop} has {2 * self.hop + 1} bins, not {self.bins}; keep 1 to that many"
            )

    @property
    def window(self) -> int:
        """Window length in samples, four hops (section 4)."""
        return 4 * self.hop

    @property
    def bandwidth(self) -> float:
        """Highest frequency that the kept bins reach, Hz."""
        return self.bins * SAMPLE_RATE / self.window

    @property
    def stride(self) -> int:
        """STFT frames per latent step."""
        return 2 ** (len(self.encoder_widths) - 1)

    @property
    def spare(self) -> int:
        """The largest power of two by which the sample rate can be divided without losing a kept
        bin.
        """
        return 1 << (max(self.window // (2 * self.bins), 1).bit_length() - 1)


@dataclass(frozen=True)
class CriticConfig(Checked):
    """Shape of the two critics (section 3.1, taught in chapter 2)."""

    widths: tuple[int, ...] = (128, 160, 192)
    mel_bins: int = 128  # section 4


@dataclass(frozen=True)
class UNetConfig(Checked):
    """Shape of the diffusion network (section 3.2, taught in chapter 4)."""

    stem_channels: int = 32
    mix_channels: int = 64
    widths: tuple[int, ...] = (64, 96, 128, 160)
    blocks: int = setting(2, high=MOST_ENTRIES)  # residual blocks per level and direction
    # "at the lower resolution levels" (section 4)
    attention: tuple[bool, ...] = (False, False, True, True)
    heads: int = setting(4, high=MOST_ENTRIES)
    # channels of the timestep embedding, concatenated before every block (section 4)
    embedding: int = 32
    dpb_hidden: int = 32
    # what the position MLP reads: sign(d) log(1 + |d|), or d
    dpb_offsets: str = setting("log", choices=("log", "raw"))


@dataclass(frozen=True)
class Preset(Checked):
    """One complete configuration: two autoencoders, critics, U-Net and their training."""

    name: str
    mix: AutoencoderConfig
    bass: AutoencoderConfig
    critic: CriticConfig
    unet: UNetConfig
    # of composed songs, see `bassnb.composer.world`
    world: str = setting("wide", choices=("soundfont", "wide"))
    mix_training: AutoencoderTraining = field(default_factory=AutoencoderTraining)
    bass_training: AutoencoderTraining = field(default_factory=AutoencoderTraining)
    diffusion_training: DiffusionTraining = field(default_factory=DiffusionTraining)

    def to_dict(self) -> dict:
        """A JSON-ready dictionary with every field."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, fields: dict) -> Preset:
        """The inverse of `to_dict`.

        Raises
        ------
        BassnbError
            If a field is missing, unknown or contradictory.
        """
        parts = {entry.name: kind for entry, kind in fields_of(cls) if issubclass(kind, Checked)}
        try:
            return cls(
                name=fields["name"],
                world=fields.get("world", "soundfont"),  # the presets of the first models name none
                **{key: kind(**_tuples(fields[key])) for key, kind in parts.items()},
            )
        except (TypeError, KeyError, AttributeError) as error:
            raise BassnbError(
                f"this preset does not fit this version of bassnb ({error}); save the model again"
            ) from None


def _tuples(fields: dict) -> dict:
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
    }


# -- smoke: every part present, none of a useful size; the tests train it in seconds ---------------
_SMOKE_AUTOENCODER = AutoencoderTraining(
    steps=20,
    batch=2,
    seconds=0.5,
    learning_rate=1e-3,
    warmup=2,
    phase_start=10,
    freeze_encoder=True,
    critic_warmup=2,
    decimation=4,
    songs=3,
    song_seconds=6.0,
)
SMOKE = Preset(
    name="smoke",
    mix=AutoencoderConfig(64, 1024, 512, 1e-1, (16, 24, 32), (16, 24, 32)),
    bass=AutoencoderConfig(32, 1024, 512, 3e-2, (16, 24, 32), (16, 24, 32)),
    critic=CriticConfig(widths=(8, 8, 8), mel_bins=16),
    unet=UNetConfig(
        widths=(16, 24), blocks=1, attention=(False, True), heads=2, embedding=8, dpb_hidden=8
    ),
    mix_training=_SMOKE_AUTOENCODER,
    bass_training=_SMOKE_AUTOENCODER,
    diffusion_training=DiffusionTraining(
        steps=20,
        batch=4,
        latents=32,
        learning_rate=1e-3,
        warmup=2,
        ema=0.9,
        songs=4,
        song_seconds=6.0,
        submixes=2,
    ),
)

# -- classroom: two CPU cores, a few hours, 16 MB of weights ---------------------------------------
# Hop 1024 because a semitone at E1 is 2.4 Hz: with the paper's 43 Hz bins a small model learns no
# pitch in hours. The lowest 512 bins reach 5.5 kHz, enough for bass and for harmony.
_CLASSROOM_AUTOENCODER = AutoencoderTraining(
    steps=13_300,
    batch=8,
    learning_rate=7e-4,
    warmup=100,
    phase_start=12_300,
    freeze_encoder=True,
    critic_warmup=300,
    decimation=4,
    # of the weights of losses only the ratios count: four times the paper's 25 keep the magnitudes
    # while phase is learned
    lambda_rec=100.0,
    lambda_mssd=5.0,
    lambda_adv=0.02,
    relative_distance=True,
    songs=1000,
    song_seconds=12.0,
)
CLASSROOM = Preset(
    name="classroom",
    mix=AutoencoderConfig(64, 1024, 512, 1e-1, (192, 224, 256), (96, 128, 160)),
    bass=AutoencoderConfig(32, 1024, 512, 3e-2, (128, 160, 192), (160, 192, 224), projections=1),
    critic=CriticConfig(widths=(64, 96, 128)),
    unet=UNetConfig(),
    # only chapter 1 uses its decoder
    mix_training=dataclasses.replace(_CLASSROOM_AUTOENCODER, lambda_onset=20.0),
    bass_training=dataclasses.replace(
        _CLASSROOM_AUTOENCODER,
        steps=27_000,
        phase_start=22_000,
        settle_start=22_000,
        lambda_flux=10.0,
        songs=3000,
    ),
    diffusion_training=DiffusionTraining(
        steps=13_000,
        batch=32,
        learning_rate=6e-4,
        warmup=200,
        ema=0.999,
        songs=1000,
        song_seconds=28.0,
        submixes=3,
        # at an equal budget a quarter as far again from floor to ceiling: results/ablations.json
        times="noisy",
    ),
)

# -- studio: one GPU for an evening, 48 MB of weights in half precision ----------------------------
# Between the two: the geometry of `classroom`, which learns pitch early, up to 8.3 kHz, with about
# three times its parameters and 31 times its operations, 20 PFLOP in all. That is 1.4 hours for a
# GPU that does 4 TFLOP/s in such steps; none has been measured. Its songs are rendered on the CPU.
STUDIO = Preset(
    name="studio",
    mix=AutoencoderConfig(64, 1024, 768, 1e-1, (256, 320, 384), (128, 160, 192)),
    bass=AutoencoderConfig(32, 1024, 768, 3e-2, (256, 320, 384), (256, 320, 384), projections=1),
    critic=CriticConfig(widths=(96, 128, 160)),
    unet=UNetConfig(widths=(128, 192, 256, 320), heads=8, embedding=64, dpb_hidden=64),
    mix_training=dataclasses.replace(
        _CLASSROOM_AUTOENCODER, batch=16, songs=600, steps=24_000, phase_start=22_000
    ),
    bass_training=dataclasses.replace(
        _CLASSROOM_AUTOENCODER,
        batch=16,
        songs=1200,
        steps=36_000,
        phase_start=26_000,
        settle_start=32_000,
        lambda_flux=10.0,
    ),
    diffusion_training=dataclasses.replace(
        CLASSROOM.diffusion_training,
        steps=60_000,
        batch=64,
        learning_rate=4e-4,
        warmup=1000,
        ema=0.9995,
        songs=3000,
    ),
)

# -- paper: every number that sections 3 and 4 give ------------------------------------------------
PAPER = Preset(
    name="paper",
    mix=AutoencoderConfig(64, 256, 513, 1e-1, (512, 544, 640, 640, 640), (512, 544, 640, 640, 640)),
    bass=AutoencoderConfig(
        32, 256, 513, 3e-2, (512, 544, 640, 640, 640), (512, 544, 640, 640, 640)
    ),
    critic=CriticConfig(widths=(512, 512, 640)),
    unet=UNetConfig(widths=(256, 384, 512, 576), heads=8, embedding=96, dpb_hidden=64),
)

PRESETS = {preset.name: preset for preset in (SMOKE, CLASSROOM, STUDIO, PAPER)}


def get_preset(name: str) -> Preset:
    """The preset called `name`.

    Raises
    ------
    BassnbError
        If there is no such preset.
    """
    if name not in PRESETS:
        raise BassnbError(f"there is no preset {name!r}; choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
