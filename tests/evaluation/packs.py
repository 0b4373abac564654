"""Ten packs from real data, to be read and scored by people: four cases, three languages.

    python -m tests.evaluation.packs ../shared/data          prints them
    python -m tests.evaluation.packs ../shared/data FOLDER   writes 01.md to 10.md and README.md
    … --offset N                                             others: the Nth next pages
    … --model                                                written by the configured model
    … --answers FOLDER                                       by a model whose answers are files

The texts are those of the Markdown export, by the database's own function. Product pages, their
reviews, creators and their counts are real. Where a page shows fewer than ten reviews, and under
videos, comments are stand-ins from the labelled sets: they were written about another product or
video of the same niche. Read there whether a pack is true to its findings, concrete and in good
language.

`--answers` judges any model, without a server: a question that has no answer yet is written to
FOLDER/<name>.question.json, as it would be sent; put the answer's JSON beside it as
FOLDER/<name>.answer.json and start again. A question repeats what the model would see: keep the
folder out of the project.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from core.config import LocalSettings, SourceSettings, load
from local import scratch
from local.layout import ROOT
from tests.evaluation import data, products
from tests.fakes.openai import KEY as FAKE_KEY
from tests.fakes.openai import Reply, serving
from workers.insights.analysis import Pack, analyse
from workers.insights.documents import Locale
from workers.insights.inputs import Author, Collection, Comment, CommentKind, Video
from workers.sources.context import forgetful
from workers.sources.tiktok.items import read_videos
from workers.sources.web.product import read_html
from workers.writing.assistant import Assistant
from workers.writing.model import Price, TextModel, open_text_model

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
NICHE_POSTS = 40  # as many as are asked for


@dataclass(frozen=True)
class Creator:
    """One with captions: the place among those with most posts, and words of such comments."""

    place: int
    locale: Locale
    words: str


OWN_VIDEOS = (
    Creator(0, "en", r"\b(?:gym|workout|fitness|squat|exercise|muscle|training)"),
    Creator(1, "pt", r"\b(?:dogs?|animals?|crazy|funny)\b"),
)
PROFILES = (
    Creator(2, "en", r"\b(?:race|car|cars|driver|f1)\b"),
    Creator(3, "de", r"\b(?:lol|haha)"),
)
FEWEST_WITH_WORDS = 0.2  # of the comments; else there are none


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
    captioned = _captioned(folder)
    for creator in OWN_VIDEOS:
        posts = captioned[creator.place]
        subject = replace(posts[-1], role="subject")
        yield Case(
            "a creator's own video",
            VIDEO_NAMES[creator.locale],
            creator.locale,
            _of(
                "tiktok_video",
                (*posts[:-1], subject, *_niche(creators, subject.hashtags, subject.author)),
                _comments(_block(comments, creator.words), "comment"),
            ),
        )
    for creator in PROFILES:
        yield Case(
            "a profile",
            PROFILE_NAMES[creator.locale],
            creator.locale,
            _of(
                "tiktok_profile",
                tuple(captioned[creator.place]),
                _comments(_block(comments, creator.words), "comment"),
            ),
        )


def _captioned(folder: Path) -> list[list[Video]]:
    """The posts of each creator with captions, oldest first; those with most posts first."""
    rows = read_videos(data.items(folder), ref_key=KEY, collected_at=NOW).items
    by_author: defaultdict[str, list[Video]] = defaultdict(list)
    for post in rows:
        by_author[post.author.ref].append(replace(post, role="creator"))
    found = [sorted(posts, key=lambda post: str(post.created_at)) for posts in by_author.values()]
    return sorted(found, key=lambda posts: (-len(posts), posts[0].author.ref))


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
    """Neighbouring comments with most of these words: those of a few videos of a kind, if any."""
    has = [bool(re.search(words, text, re.IGNORECASE)) for text in texts]
    starts = range(max(1, len(texts) - COMMENTS))
    start = max(starts, key=lambda place: sum(has[place : place + COMMENTS]))
    is_alike = sum(has[start : start + COMMENTS]) >= FEWEST_WITH_WORDS * COMMENTS
    return list(texts[start : start + COMMENTS]) if is_alike else []


@dataclass(frozen=True)
class Models:
    """Of the labels and of the prose; without them the embedded engine does it all."""

    labels: TextModel | None = None
    prose: TextModel | None = None


async def _pack_of(case: Case, models: Models) -> Pack:
    assistant = Assistant(models.labels, models.prose, forgetful)
    labelled = await assistant.label(case.collection)
    analysis = analyse(
        case.collection,
        product_name=case.name,
        now=NOW,
        ref_key=KEY,
        scorer=labelled.scorer,
        labels=labelled.labels,
        locale=case.locale,
    )
    written = await assistant.write(analysis, case.name, labelled, case.collection)
    return written.pack


async def exported(folder: Path, offset: int, models: Models) -> AsyncIterator[tuple[Case, str]]:
    """Each case with its pack, as the export gives it."""
    scratch_folder = load(LocalSettings, _env_file=ROOT / ".env").local_dir
    with scratch.database(scratch_folder) as migrated, psycopg.connect(migrated.url) as database:
        for case in cases(folder, offset):
            pack = await _pack_of(case, models)
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


async def write_all(asked: argparse.Namespace) -> None:
    """Prints the packs, or writes them to the folder."""
    index = ["| file | case | language |", "| --- | --- | --- |"]
    number = 0
    async with _models(asked) as models:
        async for case, markdown in exported(asked.data, asked.offset, models):
            number += 1
            index.append(f"| {number:02}.md | {case.title} | {case.locale} |")
            if asked.target is None:
                sys.stdout.write(f"<!-- {number}. {case.title}, {case.locale} -->\n{markdown}\n")
            else:
                asked.target.mkdir(parents=True, exist_ok=True)
                (asked.target / f"{number:02}.md").write_text(markdown, "utf-8")
    if asked.target is not None:
        (asked.target / "README.md").write_text("\n".join(index) + "\n", "utf-8")


@asynccontextmanager
async def _models(asked: argparse.Namespace) -> AsyncIterator[Models]:
    """Those that were asked for: configured, or with answers in files."""
    settings = load(SourceSettings, _env_file=ROOT / ".env")
    async with AsyncExitStack() as opened:
        if asked.answers is not None:
            server = opened.enter_context(serving())
            server.decide = partial(_answered, asked.answers)
            key, url = FAKE_KEY, server.url
        elif asked.model and settings.openai_api_key is not None:
            key, url = settings.openai_api_key.get_secret_value(), settings.openai_base_url
        elif asked.model:
            raise SystemExit("Set OPENAI_API_KEY: there is no language model without a key.")
        else:
            yield Models()
            return
        open_one = partial(open_text_model, key=key, base_url=url)
        prose = open_one(
            name=settings.openai_prose_model,
            price=Price(*settings.prose_prices),
            effort=settings.openai_prose_effort,
        )
        labels = open_one(
            name=settings.openai_labels_model,
            price=Price(*settings.labels_prices),
            effort=settings.openai_labels_effort,
        )
        yield Models(
            None if asked.only_prose else await opened.enter_async_context(labels),
            await opened.enter_async_context(prose),
        )


def _answered(folder: Path, request: dict[str, Any]) -> Reply:
    """The answer from its file; a question without one is written down."""
    folder.mkdir(parents=True, exist_ok=True)
    question = json.dumps(request, ensure_ascii=False, indent=1)
    shape = request["response_format"]["json_schema"]["name"].strip("_").lower()
    asked = json.dumps(request["messages"], ensure_ascii=False)
    name = f"{shape}-{sha256(asked.encode()).hexdigest()[:10]}"
    answer = folder / f"{name}.answer.json"
    if answer.is_file():
        return Reply(answer.read_text("utf-8"))
    (folder / f"{name}.question.json").write_text(question, "utf-8")
    sys.stderr.write(f"No answer yet: {name}\n")
    return Reply(status=400)


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
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("target", type=Path, nargs="?")
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--model", action="store_true", help="ask the configured model")
    parser.add_argument("--answers", type=Path, help="a folder of questions and answers")
    parser.add_argument("--only-prose", action="store_true", help="label by the embedded engine")
    asyncio.run(write_all(parser.parse_args()))
