"""Ten packs from real data, to be read and scored by people: four cases, three languages.

    python -m tests.evaluation.packs ../shared/data          prints them
    python -m tests.evaluation.packs ../shared/data FOLDER   writes 01.md to 10.md and README.md
    … --offset N                                             others: the Nth next pages and creators

The texts are those of the Markdown export, by the database's own function. Product pages, their
reviews, creators and their counts are real. Where a page shows fewer than ten reviews, and under
videos, comments are stand-ins from the labelled sets: they were written about something else. Read
there whether a pack is true to its findings, concrete and in good language. Nothing of the sets is
stored.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from core.config import LocalSettings, load
from local import scratch
from local.layout import ROOT
from tests.evaluation import data, products
from workers.insights.analysis import analyse
from workers.insights.documents import Locale
from workers.insights.inputs import Author, Collection, Comment, CommentKind, Video
from workers.sources.web.product import read_html

KEY = b"evaluation"
NOW = datetime(2020, 12, 21, tzinfo=UTC)
COMMENTS = 160
MIN_REVIEWS = 10  # with fewer of its own a page gets stand-ins
SHOP_PACKS = 3
CREATORS = 4  # whose accounts an offset passes
LANGUAGES: tuple[Locale, ...] = ("en", "pt", "de")
VIDEO_NAMES: dict[Locale, str] = {"en": "my video", "pt": "meu vídeo", "de": "mein Video"}
PROFILE_NAMES: dict[Locale, str] = {"en": "my profile", "pt": "meu perfil", "de": "mein Profil"}
# Hashtags of the niches of the three shop products: dogs, homes, birds.
NICHES = (("dogsoftiktok", "dog"), ("homedecor", "diy", "home"), ("bird", "birds", "nature"))
OWN_POSTS, NICHE_POSTS = 21, 40  # as many as are asked for
# Languages, and words by which comments of one kind of video are found.
OWN_VIDEOS: tuple[tuple[Locale, str], ...] = (("en", r"\b(?:funny|hilarious|lmao)"), ("pt", ""))
PROFILES: tuple[tuple[Locale, str], ...] = (
    ("en", r"\b(?:makeup|outfit|fashion|skin)\b"),
    ("de", r"\b(?:song|music|beat)\b"),
)


@dataclass(frozen=True)
class Case:
    """What one pack is written from."""

    title: str
    name: str
    locale: Locale
    collection: Collection


def cases(folder: Path, offset: int = 0) -> Iterator[Case]:
    """The same ten for the same data and offset."""
    found = list(_pages(folder))
    first = offset * SHOP_PACKS
    reviewed = sorted(found, key=lambda page: -len(page.comments))[first : first + SHOP_PACKS]
    others = [page for page in found if not page.comments and page not in reviewed][offset:]
    creators = sorted(data.creators(folder).items())
    creators = creators[offset * CREATORS :] + creators[: offset * CREATORS]
    comments = _texts(folder, "youtube_comments")
    for page, locale, tags in zip(reviewed, LANGUAGES, NICHES, strict=True):
        # Hashtags are known for the first products alone.
        given = replace(page, videos=() if offset else _niche(creators, tags))
        if not offset and len(page.comments) < MIN_REVIEWS:
            stand_ins = _comments(_texts(folder, "amazon_snippets"), "review")
            given = replace(given, comments=stand_ins)
        kind = "a shop's product with reviews" if given.comments else "a page without comments"
        yield Case(kind, _name(page), locale, given)
    for page, locale in zip(others[::7], LANGUAGES, strict=False):
        yield Case("a page without comments", _name(page), locale, page)
    for number, (locale, words) in enumerate(OWN_VIDEOS):
        posts = creators[number][1][-OWN_POSTS:]
        subject = replace(posts[-1], role="subject")
        spoken = _spoken_in(folder, locale) or _block(comments, words)
        yield Case(
            "a creator's own video",
            VIDEO_NAMES[locale],
            locale,
            _of(
                "tiktok_video",
                (*posts[:-1], subject, *_niche(creators, subject.hashtags, subject.author)),
                _comments(spoken, "comment"),
            ),
        )
    for number, (locale, words) in enumerate(PROFILES, start=2):
        yield Case(
            "a profile",
            PROFILE_NAMES[locale],
            locale,
            _of(
                "tiktok_profile",
                tuple(creators[number][1]),
                _comments(_block(comments, words), "comment"),
            ),
        )


def _niche(
    creators: Sequence[tuple[str, list[Video]]], tags: Sequence[str], but: Author | None = None
) -> tuple[Video, ...]:
    """Posts of other creators with one of the hashtags, as a search finds them."""
    found = [
        replace(post, role="niche")
        for author, posts in creators
        for post in posts
        if (but is None or author != but.ref) and set(tags) & set(post.hashtags)
    ]
    return tuple(found[:NICHE_POSTS])


def _block(texts: Sequence[str], words: str) -> list[str]:
    """The neighbouring comments with the most of these words: those of a few videos of a kind."""
    has = [bool(re.search(words, text, re.IGNORECASE)) for text in texts]
    starts = range(max(1, len(texts) - COMMENTS))
    start = max(starts, key=lambda place: sum(has[place : place + COMMENTS]))
    return list(texts[start : start + COMMENTS])


def exported(folder: Path, offset: int = 0) -> Iterator[tuple[Case, str]]:
    """Each case with its pack, as the export gives it."""
    scratch_folder = load(LocalSettings, _env_file=ROOT / ".env").local_dir
    with scratch.database(scratch_folder) as migrated, psycopg.connect(migrated.url) as database:
        for case in cases(folder, offset):
            pack = analyse(
                case.collection, product_name=case.name, now=NOW, ref_key=KEY, locale=case.locale
            ).pack
            document = {
                "name": pack.name,
                "score": pack.score,
                "created_at": NOW.isoformat(),
                "configuration": pack.configuration,
            }
            [markdown] = database.execute(
                "select private.pack_as_markdown(%s)", [Jsonb(document)]
            ).fetchone() or [""]
            yield case, markdown


def main(folder: Path, target: Path | None, offset: int = 0) -> None:
    index = ["| file | case | language |", "| --- | --- | --- |"]
    for number, (case, markdown) in enumerate(exported(folder, offset), start=1):
        index.append(f"| {number:02}.md | {case.title} | {case.locale} |")
        if target is None:
            sys.stdout.write(f"<!-- {number}. {case.title}, {case.locale} -->\n{markdown}\n")
        else:
            target.mkdir(parents=True, exist_ok=True)
            (target / f"{number:02}.md").write_text(markdown, "utf-8")
    if target is not None:
        (target / "README.md").write_text("\n".join(index) + "\n", "utf-8")


def _pages(folder: Path) -> Iterator[Collection]:
    """Product pages that state a price, with the reviews that they show."""
    for html, url in products.product_pages(folder / data.PRODUCT_PAGES):
        product, reviews = read_html(html, url, KEY)
        if product is not None and product.price is not None:
            yield Collection(
                provider="evaluation",
                source_kind="product_page",
                subject_url=url,
                collected_at=NOW,
                product=product,
                comments=reviews,
                subject_is_product=True,
            )


def _name(page: Collection) -> str:
    return page.product.name if page.product else ""


def _texts(folder: Path, name: str) -> list[str]:
    return [row.text for row in data.labelled(folder / data.SENTIMENT / f"{name}.csv.gz")]


def _spoken_in(folder: Path, locale: str) -> list[str]:
    file = folder / "sentiment_languages" / f"umsab_{locale}.csv.gz"
    if locale == "en" or not file.is_file():
        return []
    with gzip.open(file, "rt", encoding="utf-8", newline="") as opened:
        return [row["text"] for row in csv.DictReader(opened)]


def _comments(texts: Sequence[str], kind: CommentKind) -> tuple[Comment, ...]:
    return tuple(
        Comment(ref=f"c{n}", text=text, author_ref=f"a{n}", kind=kind)
        for n, text in enumerate(texts[:COMMENTS])
    )


def _of(kind: str, videos: tuple[Video, ...], comments: tuple[Comment, ...]) -> Collection:
    return Collection(
        provider="evaluation",
        source_kind="tiktok_profile" if kind == "tiktok_profile" else "tiktok_video",
        subject_url=f"https://www.tiktok.com/{kind}",
        collected_at=NOW,
        videos=videos,
        comments=comments,
    )


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("data", type=Path)
    asked.add_argument("target", type=Path, nargs="?")
    asked.add_argument("--offset", type=int, default=0)
    given = asked.parse_args()
    main(given.data, given.target, given.offset)
