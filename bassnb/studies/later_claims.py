"""What came after the paper: claims of later papers, judged by one contrast each.

The contrasts are those of `QUESTIONS` in `guidance_since`, `flow` and `distilled`, fixed before
measuring.
Taught in chapter 9.
"""

from __future__ import annotations

from collections.abc import Callable

from bassnb.metrics.statistics import verdict
from bassnb.studies.claims import Claim, Finding, Reports, at, finding
from bassnb.studies.guidance_since import AUTO, QUESTIONS

IMPROVED = {
    "distance": ("FAD {} nearer to real basses", "+.1f"),
    "level": ("level {} nearer to that of real basses", "+.3f"),
}
WHERE = {
    "rescale": "Lin 2024",
    "interval": "Kynkäänniemi 2024",
    "apg": "Sadat 2025",
    "apg in the interval": "both",
    AUTO: "Karras 2024",
}
NAMES = {
    "rescale": "The rescale",
    "interval": "Guidance in an interval",
    "apg": "Adaptive projected guidance",
    "apg in the interval": "Adaptive projected guidance in an interval",
    AUTO: "Autoguidance",
}
IMPROVES = {"distance": "lowers FAD", "level": "keeps latents at the level of real basses"}
ROADS = {
    "flow matching in 64 steps": "Flow matching is better than v in 64 steps",
    "flow matching in 8 steps": "Flow matching is better than v in 8 steps",
    "even times on the line, one network, 8 steps": "8 steps with even times on the line are better",
    "Heun in 4 steps for Euler in 8, as many calls": "4 steps of Heun are better than 8 of Euler",
}
STUDENTS = {
    "4 steps of a student are as good as 64 of its teacher": "4 steps of a student are as good as 64 of its teacher, within a tenth of FAD",
    "4 steps of a student are better than 4 of its teacher": "4 steps of a student are better than 4 of its teacher",
}


def of_guidance(name: str) -> Callable[[Reports], Finding]:
    """A rule beats plain guidance in what was asked of it."""
    words, form = IMPROVED[QUESTIONS[name][0]]

    def rule(reports: Reports) -> Finding:
        contrast = at(reports, f"guidance_since/contrasts/{name}")
        row = contrast[contrast["question"]]
        return finding(verdict(row, least=0.0), row, form, "guidance_since", words)

    return rule


def of_contrast(study: str, question: str) -> Callable[[Reports], Finding]:
    """The first of a question is nearer to true basses than the second, by what was asked."""

    def rule(reports: Reports) -> Finding:
        row = reports[study]["contrasts"][question]["distance"]
        said = verdict(row, least=row["goal"])
        return finding(said, row, "+.1f", study, IMPROVED["distance"][0])

    return rule


LATER_CLAIMS = (
    *(
        Claim(
            f"{NAMES[name]} {IMPROVES[question]}, w = {weight:g}",
            WHERE[name],
            of_guidance(name),
        )
        for name, (question, weight) in QUESTIONS.items()
    ),
    *(Claim(words, "Liu 2023", of_contrast("flow", q)) for q, words in ROADS.items()),
    *(Claim(words, "Salimans 2022", of_contrast("distilled", q)) for q, words in STUDENTS.items()),
)
