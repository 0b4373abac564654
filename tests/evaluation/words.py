"""Which words are found in comments, and how often in comments that have nothing in common.

A word is right if comments of its thread speak of the thing. The set has no videos, but it is in
their order: neighbours are from one video or from similar ones.
`python -m tests.evaluation.words DATA` prints the words of the half that no list was made with, to
be read by hand: `word_precision.csv` says which are topics.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

from tests.evaluation import data
from tests.evaluation.opinions import verdicts_of
from tests.evaluation.thresholds import Finding
from workers.insights.documents import NamedWord
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Comment
from workers.insights.sentiment.comments import prepare
from workers.insights.sentiment.embedding import Vectors
from workers.insights.sentiment.named_words import Known, named_words
from workers.insights.sentiment.opinions import read_comments

SET = "youtube_comments"
SHEET = Path(__file__).with_name("word_precision.csv")
NEIGHBOURS = 100
RANDOM = 20  # draws of as many comments from the whole set


def threads(folder: Path) -> list[list[str]]:
    """Every second one: the lists were made with the others in view."""
    texts = _texts(folder)
    starts = range(0, len(texts) - NEIGHBOURS + 1, NEIGHBOURS)
    return [texts[start : start + NEIGHBOURS] for start in starts][1::2]


def words_of(texts: Sequence[str]) -> tuple[NamedWord, ...]:
    """As an analysis finds them where no other theme is told."""
    comments = [Comment(ref=str(n), text=text) for n, text in enumerate(texts)]
    vectors, log = Vectors(), EvidenceLog(b"evaluation")
    read = read_comments(prepare(comments), {}, vectors)
    return named_words(read, Known(), None, vectors, log)


def judge(folder: Path) -> list[Finding]:
    """Words right among those read by hand; words in random comments from many threads."""
    texts, chance = _texts(folder), random.Random(1)
    mixed = [len(words_of(chance.sample(texts, NEIGHBOURS))) for _ in range(RANDOM)]
    near = [len(words_of(thread)) for thread in chance.sample(threads(folder), RANDOM)]
    right = [verdict for read in verdicts_of(SHEET, "set").values() for verdict in read]
    beside = f"{RANDOM} draws of {NEIGHBOURS} comments; of neighbours {fmean(near):.2f}"
    return [
        Finding("word_precision", fmean(right), len(right), "of 44 threads of neighbours"),
        Finding("words_by_chance", fmean(mixed), RANDOM, beside),
    ]


def _texts(folder: Path) -> list[str]:
    return [row.text for row in data.labelled(folder / data.SENTIMENT / f"{SET}.csv.gz")]


def _printed(folder: Path) -> Iterator[str]:
    for number, thread in enumerate(threads(folder)):
        for word in words_of(thread):
            yield f"{word.word},{SET},{number},{word.n},{word.of}\n"


if __name__ == "__main__":
    sys.stdout.writelines(_printed(Path(sys.argv[1])))
