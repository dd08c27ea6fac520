"""Blind listening tests: `blind_test` draws the order, hides it, and counts the answers.

Chapters 2 and 9 use it. An ABX test asks whether two sounds can be told apart at all; an AB test
asks which of the two is preferred. Order, score and p-value are computed in the page,
without a kernel, and so is the CSV file of all answers, which a class collects.
"""

from __future__ import annotations

import json
from html import escape

import torch.nn.functional as F

from bassnb.audio import SAMPLE_RATE
from bassnb.errors import BassnbError
from bassnb.waves import as_stereo
from bassnb.widgets.block import Block, bar_html, block_html, choice_html
from bassnb.widgets.listen import match_loudness, sound_url

MOST_TRIALS = 100
QUESTIONS = {
    "abx": "X is one of A and B. Which?",
    "ab": "Which of the two do you prefer?",
}
ANSWERS = {"abx": ("X is A", "X is B"), "ab": ("I prefer A", "I prefer B")}
SOUNDS = {"abx": ["A", "B", "X"], "ab": ["A", "B"]}


class BlindTest(Block):
    """The test as a notebook shows it; `names` are those of the two conditions."""


def blind_test(
    pairs: list[dict],
    *,
    kind: str = "abx",
    trials: int = 10,
    title: str | None = None,
    question: str | None = None,
    sample_rate: float = SAMPLE_RATE,
    loudness_match: bool = True,
) -> BlindTest:
    """A listening test whose order is drawn anew for each listener.

    Parameters
    ----------
    pairs : list of dicts with the same two names -> waveform (2, N), (1, N) or (N,)
        Each trial takes one of them; all are used before one returns.
    kind : "abx", is X the sound A or the sound B, or "ab", which is preferred
    trials : number of trials, 1 to 100; ten or more for a meaningful result
    title : a line above the test
    question : in place of the usual one
    sample_rate : Hz, of all waveforms
    loudness_match : bring all sounds to one loudness, so that loudness does not decide

    Returns
    -------
    BlindTest, to be the last line of a cell or to be given to IPython's `display`

    Raises
    ------
    BassnbError
        If there is no pair, the pairs do not have the same two names, or `kind` or `trials` is not
        one of those above.
    AudioError
        If a sound is not audio.
    """
    names = _names(pairs)
    if kind not in QUESTIONS:
        raise BassnbError(
            f"there is no test of kind {kind!r}; use 'abx' (is it audible?) or 'ab' (which is better?)"
        )
    if isinstance(trials, bool) or not isinstance(trials, int) or not 1 <= trials <= MOST_TRIALS:
        raise BassnbError(f"trials is {trials!r}; give a whole number from 1 to {MOST_TRIALS}")
    waves = [
        as_stereo(pair[name], sample_rate, name=f"sound {name!r}")
        for pair in pairs
        for name in names
    ]
    # longest sound of the pair
    longest = [max(waves[i].shape[-1], waves[i ^ 1].shape[-1]) for i in range(len(waves))]
    waves = [F.pad(wave, (0, length - wave.shape[-1])) for wave, length in zip(waves, longest)]
    urls = [sound_url(wave) for wave in match_loudness(waves, loudness_match)[0]]
    seconds = [length / SAMPLE_RATE for length in longest]
    test = {
        "kind": kind,
        "trials": trials,
        "names": [str(name) for name in names],
        "pairs": [{"urls": urls[i : i + 2], "seconds": seconds[i]} for i in range(0, len(urls), 2)],
    }
    return BlindTest(
        _html(test, title, question or QUESTIONS[kind]),
        tuple(str(name) for name in names),
        max(seconds),
    )


def _names(pairs: list[dict]) -> list:
    """The two names that all pairs have."""
    if not pairs:
        raise BassnbError(
            "there is no pair to compare; give a list of dicts with two names and their waveforms"
        )
    for pair in pairs:
        if len(pair) != 2 or set(pair) != set(pairs[0]):
            raise BassnbError(
                f"a pair has the names {', '.join(map(repr, pair))}; give the same two names in each, "
                "for example 'with critics' and 'without'"
            )
    return list(pairs[0])


def _html(test: dict, title: str | None, question: str) -> str:
    kind, seconds = test["kind"], test["pairs"][0]["seconds"]
    one, other = (f"<strong>{escape(name)}</strong>" for name in test["names"])
    answers = "".join(f'<button type="button">{answer}</button>' for answer in ANSWERS[kind])
    body = (
        '<p class="bl-plain">This listening test needs scripts, because the page draws its order. '
        "Switch them on for this page, or open the notebook.</p>"
        f'<div class="bl-test"><p>{escape(question)} A and B are {one} and {other}, in an order that changes from '
        "trial to trial.</p>"
        + bar_html(seconds)
        + choice_html(SOUNDS[kind], "Which sound plays")
        + f'<div class="bl-answers" role="group" aria-label="Your answer">{answers}'
        '<button type="button" class="bl-finish" hidden>Stop and score</button>'
        '<p class="bl-trial" aria-live="polite"></p></div></div>'
        '<div class="bl-result" tabindex="-1" hidden><p class="bl-score"></p><p class="bl-meaning"></p>'
        '<button type="button" class="bl-again">Again</button> '
        '<a class="bl-csv" download="listening-test.csv">Save the answers as CSV</a></div>'
    )
    return block_html(
        "blind", body, label=title or question, title=title, data={"test": json.dumps(test)}
    )
