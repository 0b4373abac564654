"""Videos, comments and collections with one line each: valid by default, any field overridden."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, count, cycle, islice

from workers.insights.analysis import Analysis, analyse
from workers.insights.inputs import Author, Collection, Comment, Video

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
KEY = b"a key of the tests"
_numbers = count(1)
_NOUNS = (
    *("kitchen", "garden", "office", "train", "mother", "brother", "sunday", "winter", "holiday"),
    *("morning", "picnic", "shelf", "school", "neighbour", "doctor", "boat", "village", "concert"),
    *("hammer", "blanket", "window", "pencil", "river", "forest", "bakery", "tent"),
)


def make_video(author="ana", *, days_old=60.0, **fields):
    number = next(_numbers)
    video = Video(
        ref=f"video-{number}",
        author=Author(f"author-{author}"),
        role="niche",
        text="A calm morning",
        created_at=NOW - timedelta(days=days_old),
        collected_at=NOW,
        views=1000,
        likes=80,
        comments=5,
        shares=4,
    )
    return replace(video, **fields)


def with_followers(video, followers):
    return replace(video, author=replace(video.author, followers=followers))


def make_posts(author, views, **fields):
    """One post per number of views, the newest last, a day apart."""
    return [
        make_video(author, days_old=60 + len(views) - place, views=number, **fields)
        for place, number in enumerate(views)
    ]


def make_comment(text, **fields):
    number = next(_numbers)
    comment = Comment(ref=f"comment-{number}", text=text, author_ref=f"reader-{number}")
    return replace(comment, **fields)


def make_comments(*texts, **fields):
    return tuple(make_comment(text, **fields) for text in texts)


def make_collection(**fields):
    collection = Collection(
        provider="tests",
        source_kind="tiktok_video",
        subject_url="https://shop.example/bottle",
        collected_at=NOW,
    )
    return replace(collection, **fields)


def analysed(**fields) -> Analysis:
    """The analysis by the embedded engine, without a language model."""
    return analyse(
        make_collection(**fields),
        product_name="Bottle",
        now=NOW,
        ref_key=KEY,
    )


def contents(analysis: Analysis) -> list[dict]:
    return [result.content for result in analysis.results] + [analysis.pack.configuration]


def varied(text, times):
    """The same opinion in so many different comments that none is a copy of another."""
    nouns = cycle(combinations(_NOUNS, 4))
    steps = (next(islice(nouns, 97, None)) for _ in range(times))
    return [f"{text}, {' '.join(words)}" for words in steps]
