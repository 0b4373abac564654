"""Sentiment on labelled texts: single labels, and totals of sixty, each beside plain VADER."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from sklearn.metrics import f1_score

from tests.evaluation import data
from tests.evaluation.bars import Finding
from tests.evaluation.data import Labelled
from tests.evaluation.training import LABELS, is_training_group
from workers.insights.inputs import Comment
from workers.insights.sentiment.comments import Counted
from workers.insights.sentiment.engines import best_scorer
from workers.insights.sentiment.lexicon import (
    LexiconScorer,
    Probabilities,
    Scorer,
    lexicon_features,
)
from workers.insights.sentiment.totals import Scored, total

# Set, its bar. Reviews are read only where they were not fitted on; none of the others was.
SETS = {
    "tweeteval_val": "labels_tweets",
    "amazon_snippets": "labels_reviews",
    "youtube_comments": "labels_comments",
}
OTHER = "labels_other"
FITTED_WHOLE = {"tweets"}  # without groups: what was fitted on cannot be told from what was not
MAX_TEXTS = 2500  # of each set, drawn once: the neural engine reads a hundred a second
GROUPS = 100
GROUP_SIZE = 60
VADER_CUT = 0.05


@dataclass(frozen=True, slots=True)
class _Read:
    """A set as one engine reads it."""

    texts: list[Labelled]
    chances: list[Probabilities]


def judge(folder: Path) -> list[Finding]:
    scorer, lexicon = best_scorer(), LexiconScorer()
    names = sorted(file.name.removesuffix(".csv.gz") for file in folder.glob("*.csv.gz"))
    sets = {name: _drawn(folder, name) for name in names if name not in FITTED_WHOLE}
    read = {name: _Read(texts, _chances(scorer, texts)) for name, texts in sets.items()}
    plain = {name: _Read(texts, _chances(lexicon, texts)) for name, texts in sets.items()}
    labels = [_labels(name, read[name], plain[name], scorer, lexicon) for name in sets]
    missing = [
        Finding(bar, None, skipped=f"no {name}.csv.gz")
        for name, bar in SETS.items()
        if name not in sets
    ]
    return [*labels, *missing, *(_totals(read, plain, scorer, lexicon) if sets else [])]


def _drawn(folder: Path, name: str) -> list[Labelled]:
    texts = data.labelled(folder / f"{name}.csv.gz")
    unseen = [text for text in texts if not text.group or not is_training_group(text.group)]
    chance = random.Random(1)
    return chance.sample(unseen, min(MAX_TEXTS, len(unseen)))


def _chances(scorer: Scorer, texts: list[Labelled]) -> list[Probabilities]:
    return scorer.score([text.text for text in texts])


def _labels(name: str, read: _Read, plain: _Read, scorer: Scorer, lexicon: Scorer) -> Finding:
    if scorer.name == lexicon.name:
        skipped = f"needs the onnx extra; the lexicon alone reaches {_macro_f1(plain):.3f}"
        return Finding(SETS.get(name, OTHER), None, len(read.texts), skipped=skipped)
    half = sorted(read.chances, key=lambda chances: -chances.certainty)[: len(read.chances) // 2]
    sure = {id(chances) for chances in half}
    kept = [place for place, chances in enumerate(read.chances) if id(chances) in sure]
    surest = _Read([read.texts[place] for place in kept], [read.chances[place] for place in kept])
    beside = (
        f"{name}: VADER {_vader(read.texts):.3f}, calibrated lexicon {_macro_f1(plain):.3f}; "
        f"accuracy {_accuracy(read):.2f}, on the surer half {_accuracy(surest):.2f}; "
        f"calibration error {_calibration_error(read):.2f}"
    )
    return Finding(SETS.get(name, OTHER), _macro_f1(read), len(read.texts), beside)


def _label(chances: Probabilities) -> str:
    return LABELS[int(np.argmax((chances.negative, chances.neutral, chances.positive)))]


def _macro_f1(read: _Read) -> float:
    guessed = [_label(chances) for chances in read.chances]
    return float(f1_score([text.label for text in read.texts], guessed, average="macro"))


def _accuracy(read: _Read) -> float:
    pairs = zip(read.texts, read.chances, strict=True)
    return fmean(text.label == _label(chances) for text, chances in pairs)


def _calibration_error(read: _Read) -> float:
    """How far the certainty of ten equal parts is from their share of right labels."""
    pairs = sorted(zip(read.texts, read.chances, strict=True), key=lambda pair: pair[1].certainty)
    parts = np.array_split(np.arange(len(pairs)), 10)
    gaps = [
        len(part)
        * abs(
            fmean(pairs[place][1].certainty for place in part)
            - fmean(pairs[place][0].label == _label(pairs[place][1]) for place in part)
        )
        for part in parts
    ]
    return sum(gaps) / len(pairs)


def _vader_label(text: str) -> str:
    compound = lexicon_features(text)[0]
    if compound >= VADER_CUT:
        return "positive"
    return "negative" if compound <= -VADER_CUT else "neutral"


def _vader(texts: list[Labelled]) -> float:
    guessed = [_vader_label(text.text) for text in texts]
    return float(f1_score([text.label for text in texts], guessed, average="macro"))


def _totals(
    read: dict[str, _Read], plain: dict[str, _Read], scorer: Scorer, lexicon: Scorer
) -> list[Finding]:
    """Groups of sixty whose mix of labels is drawn at random: the hard case, and the real one."""
    ours = {name: _groups(one, scorer) for name, one in read.items()}
    others = {name: _groups(one, lexicon) for name, one in plain.items()}
    errors = {name: fmean(abs(o.net - o.truth) for o in found) for name, found in ours.items()}
    of_lexicon = fmean(abs(o.net - o.truth) for found in others.values() for o in found)
    of_vader = fmean(abs(o.vader - o.truth) for found in ours.values() for o in found)
    held = {name: fmean(o.is_held for o in found) for name, found in ours.items()}
    size = sum(len(found) for found in ours.values())
    by_set = ", ".join(f"{name} {error:.2f}" for name, error in errors.items())
    beside = f"{by_set}; lexicon {of_lexicon:.2f}, counting VADER's labels {of_vader:.2f}"
    coverage = ", ".join(f"{name} {share:.0%}" for name, share in held.items())
    return [
        Finding("totals_error", fmean(errors.values()), size, beside),
        Finding("totals_coverage", fmean(held.values()), size, coverage),
    ]


@dataclass(frozen=True, slots=True)
class _Group:
    truth: float
    net: float
    is_held: bool
    vader: float


def _groups(read: _Read, scorer: Scorer) -> list[_Group]:
    chance = np.random.default_rng(1)
    places = {
        label: [place for place, text in enumerate(read.texts) if text.label == label]
        for label in LABELS
    }
    present = [label for label in LABELS if places[label]]
    found = []
    for _ in range(GROUPS):
        sizes = chance.multinomial(GROUP_SIZE, chance.dirichlet([2] * len(present)))
        drawn = [
            int(place)
            for label, size in zip(present, sizes, strict=True)
            for place in chance.choice(places[label], size)
        ]
        found.append(_group(read, drawn, scorer))
    return found


def _group(read: _Read, drawn: list[int], scorer: Scorer) -> _Group:
    found = total([_scored(read, place) for place in drawn], scorer)
    if found is None:
        raise ValueError("a group of sixty has a total")
    truth = _net([read.texts[place].label for place in drawn])
    return _Group(
        truth=truth,
        net=found.net,
        is_held=found.ci95[0] <= truth <= found.ci95[1],
        vader=_net([_vader_label(read.texts[place].text) for place in drawn]),
    )


def _scored(read: _Read, place: int) -> Scored:
    text = read.texts[place].text
    comment = Comment(ref=str(place), text=text)
    return Scored(Counted(comment, text, 1.0), read.chances[place])


def _net(labels: list[str]) -> float:
    return (labels.count("positive") - labels.count("negative")) / len(labels)
