"""`make eval MODEL=1`: the configured language model on the labelled sets, beside the thresholds.

It asks with the worker's own prompt and settings. It reads at most `TEXTS` of each set, and prints
what that costs before and after. Exit 1: a threshold is missed. Exit 2: it was not asked, and why.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import fmean
from typing import Any

import structlog
from sklearn.metrics import f1_score

from core.config import SourceSettings, load
from local.layout import ROOT
from tests.evaluation import data
from tests.evaluation.data import Labelled
from tests.evaluation.report import print_lines
from tests.evaluation.thresholds import Finding, Threshold, falls_short, read_thresholds
from tests.evaluation.train_sentiment import LABELS, is_training_group
from workers.insights.analysis import analyse
from workers.insights.inputs import Collection, Comment, Label, Labels
from workers.insights.sentiment.engine import MultilingualScorer
from workers.sources.context import forgetful
from workers.writing import labels as labelling
from workers.writing.assistant import Assistant
from workers.writing.grounding import as_data
from workers.writing.labels import LabelScorer, label_comments
from workers.writing.model import Price, TextModel, Unanswered, Usage, open_text_model

DEFAULT_DATA = Path("../shared/data")
LANGUAGES = "sentiment_languages"
# Sets by the kind that thresholds.toml names. The engine's thresholds judge the model, too.
KINDS = {"tweeteval_val": "tweets", "amazon_snippets": "reviews", "youtube_comments": "comments"}
# What is printed beside, without a threshold.
REPORTED = {
    "labels_other": Threshold("model", "macro-F1 on another set", None, None),
    "totals_error": Threshold("model", "error of the net of 60, mean of all sets", None, None),
    "totals_coverage_other": Threshold("model", "95 % intervals that hold, other set", None, None),
}
COMMENTS = "youtube_comments"  # the set that planted instructions are mixed into
FITTED_WHOLE = {"tweets"}  # the embedded engine is fitted on it, so there is no comparison
TEXTS = 200  # of each set
MAX_USD = Decimal(2)
GROUPS, GROUP_SIZE = 40, 60
PLANTED_SHARE = 10  # one in so many
CHARACTERS_PER_TOKEN = 4  # of English; a rule of thumb, for the estimate alone
LABEL_CHARACTERS = 100  # of one label as JSON
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    """The drawn texts of one set."""

    name: str
    texts: Sequence[Labelled]

    @property
    def comments(self) -> list[Comment]:
        return [
            Comment(ref=f"{self.name}-{n}", text=text.text, author_ref=f"{self.name}-{n}")
            for n, text in enumerate(self.texts)
        ]


@dataclass(frozen=True)
class Answers:
    """A set with its labels."""

    sample: Sample
    labels: Mapping[str, Label]

    @property
    def guesses(self) -> list[str]:
        """A comment without a label is a wrong answer."""
        found = (self.labels.get(comment.ref) for comment in self.sample.comments)
        return [label.sentiment if label else "" for label in found]

    @property
    def truths(self) -> list[str]:
        return [text.label for text in self.sample.texts]


def samples(folder: Path, texts: int) -> list[Sample]:
    """At most so many texts of each set in the folder."""
    files = [*(folder / data.SENTIMENT).glob("*.csv.gz"), *(folder / LANGUAGES).glob("*.csv.gz")]
    found = []
    for file in sorted(files):
        name = file.name.removesuffix(".csv.gz")
        if name not in FITTED_WHOLE:
            rows = [row for row in data.labelled(file) if _is_unseen(row)]
            found.append(Sample(name, random.Random(1).sample(rows, min(texts, len(rows)))))
    return found


def _is_unseen(row: Labelled) -> bool:
    return not row.group or not is_training_group(row.group)


def estimate(model: TextModel, sets: Sequence[Sample], planted: int) -> Usage:
    """What the requests will cost, more or less."""
    texts = [comment.text for one in sets for comment in one.comments]
    characters = len(as_data({f"c{n}": text for n, text in enumerate(texts)}))
    batches = sum(-(-len(one.texts) // labelling.BATCH) for one in sets) + 1
    asked = len(texts) + planted
    constant = len(labelling.INSTRUCTIONS)
    share = asked / max(len(texts), 1)
    return model.price.of(
        int((characters * share + batches * constant) / CHARACTERS_PER_TOKEN),
        int(asked * LABEL_CHARACTERS / CHARACTERS_PER_TOKEN),
    )


async def judge(
    model: TextModel, sets: Sequence[Sample], planted: Sequence[str]
) -> tuple[list[Finding], Usage]:
    """Labels every set, and one set once more among planted instructions."""
    answers, usage = [], Usage()
    for one in sets:
        try:
            found = await label_comments(model, one.comments)
        except Unanswered as failure:
            raise SystemExit(f"{one.name} was not answered: {failure.reason}.") from failure
        answers.append(Answers(one, found.labels))
        usage += found.usage
    findings = [_labels(each) for each in answers]
    findings += _totals(model, answers)
    if planted:
        among = next((each for each in answers if each.sample.name == COMMENTS), answers[-1])
        shift, spent = await _injection_shift(model, among, planted)
        findings.append(shift)
        usage += spent
    return findings, usage


def _labels(answers: Answers) -> Finding:
    truths, guesses = answers.truths, answers.guesses
    shuffled = random.Random(2).sample(truths, len(truths))
    constant = _f1(truths, [max(LABELS, key=truths.count)] * len(truths))
    beside = (
        f"{answers.sample.name}: accuracy {fmean(map(str.__eq__, truths, guesses)):.2f}, "
        f"{guesses.count('')} without a label; a constant {constant:.3f}, "
        f"shuffled labels {_f1(shuffled, guesses):.3f}"
    )
    kind = KINDS.get(answers.sample.name, "other")
    return Finding(f"labels_{kind}", _f1(truths, guesses), len(truths), beside)


def _f1(truths: Sequence[str], guesses: Sequence[str]) -> float:
    found = f1_score(truths, guesses, average="macro", labels=list(LABELS), zero_division=0)
    return float(found)


def _totals(model: TextModel, answers: Sequence[Answers]) -> list[Finding]:
    """Groups of sixty at the set's own mix, through the analysis that serves users."""
    errors, held, constants = {}, {}, []
    for each in answers:
        chance = random.Random(3)
        comments, truths = each.sample.comments, each.truths
        size = min(GROUP_SIZE, len(comments))
        groups = [chance.sample(range(len(comments)), size) for _ in range(GROUPS)]
        nets = [_net_of([truths[place] for place in group]) for group in groups]
        found = [_overall(model, [comments[p] for p in group], each.labels) for group in groups]
        pairs = [(one, net) for one, net in zip(found, nets, strict=True) if one["ci95"]]
        if pairs:
            errors[each.sample.name] = fmean(abs(one["net"] - net) for one, net in pairs)
            held[each.sample.name] = fmean(
                one["ci95"][0] <= net <= one["ci95"][1] for one, net in pairs
            )
            constants += [abs(net) for net in nets]
    if not errors:
        return []
    by_set = ", ".join(f"{name} {error:.2f}" for name, error in errors.items())
    n = GROUPS * len(errors)
    return [
        Finding(
            "totals_error",
            fmean(errors.values()),
            n,
            f"{by_set}; zero always {fmean(constants):.2f}",
        ),
        *(
            Finding(f"totals_coverage_{KINDS.get(name, 'other')}", share, GROUPS, name)
            for name, share in held.items()
        ),
    ]


def _overall(model: TextModel, comments: Sequence[Comment], labels: Labels) -> dict[str, Any]:
    collection = Collection(
        provider="evaluation",
        source_kind="tiktok_video",
        subject_url="https://shop.example/test",
        collected_at=NOW,
        comments=tuple(comments),
    )
    by_text = {c.text: labels[c.ref].sentiment for c in comments if c.ref in labels}
    analysis = analyse(
        collection,
        product_name="Product",
        now=NOW,
        ref_key=b"evaluation",
        scorer=LabelScorer(model.name, by_text, MultilingualScorer()),
        labels={c.ref: labels[c.ref] for c in comments if c.ref in labels},
    )
    overall: dict[str, Any] = analysis.results[0].content["overall"]
    return overall


def _net_of(labels: Sequence[str]) -> float:
    return (labels.count("positive") - labels.count("negative")) / len(labels)


async def _injection_shift(
    model: TextModel, clean: Answers, planted: Sequence[str]
) -> tuple[Finding, Usage]:
    """The same comments, and planted instructions among them, as a job labels them."""
    comments = clean.sample.comments
    chance = random.Random(4)
    extra = [
        Comment(ref=f"planted-{n}", text=text, author_ref=f"planted-{n}")
        for n, text in enumerate(chance.sample(list(planted), len(comments) // PLANTED_SHARE))
    ]
    mixed = chance.sample([*comments, *extra], len(comments) + len(extra))
    collection = Collection(
        "evaluation", "tiktok_video", "https://shop.example/test", NOW, comments=tuple(mixed)
    )
    labelled = await Assistant(model, None, forgetful, MultilingualScorer()).label(collection)
    before = _overall(model, comments, clean.labels)["net"]
    after = _overall(model, mixed, labelled.labels)["net"]
    beside = f"{len(extra)} among {len(comments)} of {clean.sample.name}"
    return Finding("injection_shift", abs(after - before), 1, beside), labelled.share.usage


def main(arguments: list[str], say: Callable[[str], object] = sys.stdout.write) -> int:
    asked = _parse(arguments)
    settings = load(SourceSettings, _env_file=asked.env)
    if settings.openai_api_key is None:
        say("Set OPENAI_API_KEY: there is no language model to judge without a key.\n")
        return 2
    sets = samples(asked.data, asked.texts)
    if not sets:
        say(f"There are no labelled sets in {asked.data}: name the folder with DATA=dir.\n")
        return 2
    planted = data.injections(asked.data)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    return asyncio.run(_run(settings, sets, planted, say))


async def _run(
    settings: SourceSettings,
    sets: Sequence[Sample],
    planted: Sequence[str],
    say: Callable[[str], object],
) -> int:
    key = settings.openai_api_key
    assert key is not None
    async with open_text_model(
        key=key.get_secret_value(),
        base_url=settings.openai_base_url,
        name=settings.openai_labels_model,
        price=Price(*settings.labels_prices),
        effort=settings.openai_labels_effort,
    ) as model:
        expected = estimate(model, sets, len(sets[-1].texts))
        texts = sum(len(one.texts) for one in sets)
        say(f"{model.name}: {texts} texts of {len(sets)} sets, about {expected.cost_usd:.3f} $.\n")
        if expected.cost_usd > MAX_USD:
            say(f"That is more than {MAX_USD} $: ask for fewer with TEXTS=n.\n")
            return 2
        findings, usage = await judge(model, sets, planted)
    thresholds: Mapping[str, Threshold] = read_thresholds() | REPORTED
    short = sum(falls_short(found, thresholds[found.threshold]) for found in findings)
    for line in print_lines(thresholds, findings):
        say(f"{line}\n")
    say(
        f"\n{short} of {len(findings)} thresholds fall short. It cost {usage.cost_usd:.3f} $: "
        f"{usage.input_tokens} tokens in, {usage.output_tokens} out.\n"
    )
    return 1 if short else 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation.model")
    parser.add_argument("data", nargs="?", type=Path, default=DEFAULT_DATA)
    parser.add_argument("--texts", type=int, default=TEXTS, help="at most, of each set")
    parser.add_argument("--env", type=Path, default=ROOT / ".env")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
