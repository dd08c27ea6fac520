"""What is judged: every claim of the paper and every goal of ours, each with its rule.

Taught in chapter 9.
"""

from __future__ import annotations

from bassnb.studies import claims, goal_rules
from bassnb.studies.claims import MEASURES, Claim
from bassnb.studies.foreign_claims import FOREIGN_GOALS

# goals, normalised scores
SCORES = {"chord_tone": 0.97, "root": 0.92, "pitch_class": 0.70, "onset_f1": 0.75}
# the same on songs that the generator did not make
FOREIGN_SCORES = {"chord_tone": 0.90, "pitch_class": 0.45, "onset_f1": 0.65}
NOTES = 0.15  # by which the number of notes of takes may differ from that of true basses

SPECTRAL = {
    "pitch_class": ("pitch classes kept", ".1%"),
    "voiced": ("voiced frames kept", ".1%"),
    "si_sdr": ("SI-SDR in dB", ".1f"),
    "multi_resolution_stft": ("multi-resolution STFT error", ".2f"),
    "log_spectral_distance_512": ("log-spectral distance, window 512", ".2f"),
    "log_spectral_distance_4096": ("log-spectral distance, window 4096", ".2f"),
    "flux_ratio": ("spectral flux, 1 is true", ".2f"),
}


CLAIMS = (
    Claim("More sampler steps lower FAD", "5, fig. 2 left", claims.more_steps),
    Claim("64 steps have the lowest FAD (1 to 128)", "5, fig. 2 left", claims.best_steps),
    *(
        Claim(
            f"Strong guidance: the rescale lowers FAD (w = {weight}, φ = 0.7)",
            "5, fig. 2 right",
            claims.rescale_gain(weight),
        )
        for weight in ("8", "20")
    ),
    Claim(
        "Strong guidance drives unbounded latents apart, the rescale repairs it",
        "3.4",
        claims.spread_repaired,
    ),
    Claim("With guidance takes follow the mix more closely", "3.4", claims.guidance_binds),
    Claim(
        "A contrastive model finds each mix's own bass: a bright diagonal",
        "5, fig. 3",
        claims.bright_diagonal,
    ),
    Claim(
        "Grounding brings takes nearer to the style, Euclidean",
        "5, table 1",
        claims.nearer_style("euclidean"),
    ),
    Claim(
        "Grounding brings takes nearer to the style, cosine",
        "5, table 1",
        claims.nearer_style("cosine"),
    ),
    Claim(
        "The second critic sharpens spectra (log-spectral distance, window 4096)",
        "3.1",
        claims.second_critic("log_spectral_distance_4096", -1, "+.3f"),
    ),
    Claim(
        "The second critic helps where pitch is heard (pitch classes kept)",
        "3.1",
        claims.second_critic("pitch_class", 1, "+.1%"),
    ),
    Claim("Mixes of any length", "1; 3", claims.any_length),
    Claim("The network generalises to lengths it was not trained on", "3.2", claims.long_as_good),
    Claim(
        "A dynamic position bias generalises to eight times the length, absolute positions do not",
        "3.2",
        claims.positions_matter,
    ),
)


GOALS = (
    *(
        Claim(
            f"{MEASURES[key].capitalize()}: normalised score at least {goal:.0%}",
            "",
            goal_rules.least("match", f"normalised_score/generated/{key}", goal),
        )
        for key, goal in SCORES.items()
    ),
    *(
        Claim(
            f"{MEASURES[key].capitalize()}: above retrieval",
            "",
            goal_rules.beats("match", key, "retrieval"),
        )
        for key in SCORES
    ),
    *(
        Claim(
            f"{MEASURES[key].capitalize()}: less than 5 points below the rule",
            "",
            goal_rules.beats("match", key, "rule", level=True),
        )
        for key in ("chord_tone", "root")
    ),
    Claim("Sound: FAD below the rule's", "", goal_rules.sounds_better_than_the_rule),
    Claim(
        "FAD at most 1.5 × that of the true bass through the autoencoder",
        "",
        goal_rules.most("frechet", "ratio", 1.5),
    ),
    Claim(
        "Contrastive top 1 of 25: at least 60 %",
        "",
        goal_rules.least("contrastive", "rows/generated/top1", 0.60),
    ),
    Claim(
        "Style at strength 1: asked timbre recognised in at least 75 % of takes",
        "",
        goal_rules.least("style", "strength_table/1/recognised", 0.75),
    ),
    Claim(
        "Style at the model's strength: the same",
        "",
        goal_rules.least("style", "recognised/grounded", 0.75),
    ),
    Claim(
        "Style at strength 1 costs less than 3 points of chord tones",
        "",
        goal_rules.most("style", "paper_cost/chord_tone", 0.03, ".1%"),
    ),
    Claim(
        "Style of a foreign bass: nearer to its own reference than to another in at least 80 %",
        "",
        goal_rules.least("style", "foreign/strengths/1/pairs", 0.80),
    ),
    Claim(
        "The mix's latents hold the strokes of the chords: F at least 0.85",
        "",
        goal_rules.least("probe", "strokes/latents/chords/f1", 0.85, ".2f"),
    ),
    Claim(
        "12 steps of the faster sampler cost less than 1 of FAD against 64 of DDIM",
        "",
        claims.few_steps("farther", "+.1f", 1.0),
    ),
    Claim(
        "12 steps of the faster sampler cost less than 1 point of the match against 64 of DDIM",
        "",
        claims.few_steps("lost/mean", "+.1%", 0.01),
    ),
    *(
        Claim(
            f"Bass autoencoder above Griffin-Lim: {name}",
            "",
            goal_rules.beats_griffin_lim(key, form),
        )
        for key, (name, form) in SPECTRAL.items()
    ),
    Claim(
        "Bass autoencoder: multi-resolution STFT error at most 1.0",
        "",
        goal_rules.most("autoencoder", "rows/trained_phase/multi_resolution_stft", 1.0),
    ),
    Claim(
        "Bass autoencoder: spectral flux within 5 % of true",
        "",
        goal_rules.within("autoencoder", "rows/trained_phase/flux_ratio", 0.95, 1.05),
    ),
    *(
        Claim(
            f"Songs not of the generator: {MEASURES[key]}, normalised score at least {goal:.0%}",
            "",
            goal_rules.least("transfer", f"normalised_score/generated/{key}", goal),
        )
        for key, goal in FOREIGN_SCORES.items()
    ),
    *(
        Claim(
            f"{words}: as many notes as the true basses, within {NOTES:.0%}",
            "",
            goal_rules.within(source, "onsets/generated/notes_ratio", 1 - NOTES, 1 + NOTES),
        )
        for source, words in (("match", "Own songs"), ("transfer", "Songs not of the generator"))
    ),
    *FOREIGN_GOALS,
)
