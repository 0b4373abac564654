"""Which parts and incidents reviews of a product speak of, by words of a closed list.

A topic says what reviews are about, not whether they praise or blame it: the stars that they give
say that. Hits were read by hand: `tests/evaluation/topic_precision.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean

from workers.insights.documents import Topic
from workers.insights.evidence import EvidenceLog
from workers.insights.sentiment.comments import people, plural
from workers.insights.sentiment.opinions import ReadComment
from workers.insights.vocabulary import read_resource, whole_words

MIN_REVIEWS = 3
MAX_TOPICS = 6
MAX_CHARACTERS = 3000  # of a review: a reviewer names a part late, too
PRECISION = 0.877  # share of right hits among 114 read by hand


@dataclass(frozen=True, slots=True)
class TopicWords:
    group: str  # names the shot that shows it
    pattern: re.Pattern[str]


@cache
def topic_words() -> dict[str, TopicWords]:
    return {
        name: TopicWords(raw["group"], whole_words(raw["words"]))
        for name, raw in read_resource("topics.toml").items()
    }


def topics(
    read: Sequence[ReadComment], product_names: Sequence[str], log: EvidenceLog
) -> tuple[Topic, ...]:
    """What three reviewers or more speak of, the most frequent first.

    What the product's name has is the product itself, so it is no topic.
    """
    reviews = [item for item in read if item.comment.kind == "review"]
    found = []
    for name, words in topic_words().items():
        if any(words.pattern.search(product) for product in product_names):
            continue
        hits = [
            item for item in reviews if words.pattern.search(item.comment.text[:MAX_CHARACTERS])
        ]
        if people(item.comment for item in hits) >= MIN_REVIEWS:
            found.append(_topic(name, hits, reviews, log))
    return tuple(sorted(found, key=lambda topic: (-topic.n, topic.name))[:MAX_TOPICS])


def _topic(
    name: str, hits: Sequence[ReadComment], reviews: Sequence[ReadComment], log: EvidenceLog
) -> Topic:
    refs = {item.ref for item in hits}
    stars = _stars(hits)
    other_stars = _stars([item for item in reviews if item.ref not in refs])
    paraphrase = f"{plural(len(hits), 'review')} speak of this: {name}."
    return Topic(
        name=name,
        n=len(hits),
        of=len(reviews),
        rated=len(stars),
        stars=round(fmean(stars), 2) if stars else None,
        other_rated=len(other_stars),
        other_stars=round(fmean(other_stars), 2) if other_stars else None,
        evidence_ids=(log.add("review", paraphrase, sorted(refs), label=name),),
    )


def _stars(items: Sequence[ReadComment]) -> list[float]:
    return [item.comment.rating for item in items if item.comment.rating is not None]
