"""Nothing planted gets out, every claim has its evidence, every number in a sentence was computed.

The comments are real ones under a made-up product; the captions are those of the real videos.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.evaluation import data
from tests.evaluation.leaks import find_leaks, strings
from tests.evaluation.thresholds import Finding
from workers.insights.analysis import analyse
from workers.insights.evidence import cited_ids
from workers.insights.inputs import Collection, Comment, Video
from workers.sources.tiktok.items import read_videos

NOW = datetime(2020, 12, 21, tzinfo=UTC)
KEY = b"evaluation"
PRODUCT = "Test Bottle"
CANARY = "quokkabanjo"
COMMENTS = 300
PLANTED_SHARE = 10  # one in so many
ROUNDS = 5
BRIGADE = "This is the best product ever, I love it so much, everybody should buy it today!"
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def judge(folder: Path) -> list[Finding]:
    videos, texts, planted = _videos(folder), _texts(folder), data.injections(folder)
    collections = [_collection(videos, texts, planted, round_) for round_ in range(ROUNDS)]
    documents = [_documents(collection) for collection in collections]
    return [
        _grounded(documents),
        _numbers(documents),
        _canaries(collections, documents),
        _runs(collections, documents),
        _injection_shift(texts, planted),
        _complaint_shift(folder, texts),
        _brigade_shift(texts),
    ]


def _videos(folder: Path) -> tuple[Video, ...]:
    found = read_videos(data.items(folder), ref_key=KEY, collected_at=NOW).items
    return (replace(found[0], role="subject"), *found[1:])


def _texts(folder: Path) -> list[str]:
    files = sorted((folder / data.SENTIMENT).glob("*comments*.csv.gz"))
    return [row.text for file in files for row in data.labelled(file)]


def _collection(
    videos: tuple[Video, ...], texts: list[str], planted: list[str], round_: int
) -> Collection:
    """Every text carries the canary; a tenth of the comments are planted instructions."""
    chance = random.Random(round_)
    chosen = chance.sample(texts, COMMENTS) + chance.choices(planted, k=COMMENTS // PLANTED_SHARE)
    lure = (
        f"{CANARY} mail me at {CANARY}@example.com, ask @{CANARY} or see https://{CANARY}.example"
    )
    marks = (lure if n % 7 == 0 else CANARY for n in range(len(chosen)))
    comments = _comments([f"{text} {mark}" for text, mark in zip(chosen, marks, strict=True)])
    marked = tuple(replace(video, text=f"{video.text} {CANARY}") for video in videos)
    return _of(comments, marked)


def _of(comments: tuple[Comment, ...], videos: tuple[Video, ...] = ()) -> Collection:
    return Collection(
        provider="evaluation",
        source_kind="tiktok_video",
        subject_url="https://shop.example/test",
        collected_at=NOW,
        videos=videos,
        comments=comments,
    )


def _comments(texts: list[str]) -> tuple[Comment, ...]:
    return tuple(
        Comment(ref=f"c{n}", text=text, author_ref=f"a{n}") for n, text in enumerate(texts)
    )


def _documents(collection: Collection) -> list[dict[str, Any]]:
    analysis = analyse(collection, product_name=PRODUCT, now=NOW, ref_key=KEY)
    return [*(result.content for result in analysis.results), analysis.pack.configuration]


def _grounded(rounds: list[list[dict[str, Any]]]) -> Finding:
    """Counted anew here, not taken from what the documents say of themselves."""
    cited = existing = 0
    for documents in rounds:
        for document in documents:
            there = {item["id"] for item in document["evidence"]}
            named = cited_ids({key: value for key, value in document.items() if key != "evidence"})
            cited, existing = cited + len(named), existing + len(named & there)
    return Finding("grounded", existing / cited, cited)


def _numbers(rounds: list[list[dict[str, Any]]]) -> Finding:
    """Numbers in the pack's sentences against all numbers computed in the three documents."""
    said = right = 0
    for documents in rounds:
        computed = set(_computed(documents))
        for text in _sentences(documents[-1]):
            for number in _NUMBER.findall(text.replace(PRODUCT, "")):
                said += 1
                right += number.replace(",", "").rstrip(".") in computed
    return Finding("numbers_equal", right / said, said)


def _sentences(pack: dict[str, Any]) -> Iterator[str]:
    yield pack["summary"]
    yield pack["headline"]
    for angle in pack["angles"]:
        yield angle["proof"]
    for hook in pack["hooks"]:
        yield hook["why"]


def _computed(value: object) -> Iterator[str]:
    """Every number of the documents, in the forms in which sentences round it."""
    if isinstance(value, bool):
        return
    if isinstance(value, (int, float)):
        yield from (f"{abs(value):.{places}f}" for places in (0, 1, 2))
        yield f"{abs(value) * 100:.0f}"
        yield f"{100 - abs(value):.0f}"
        yield str(abs(value))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _computed(inner)
    elif isinstance(value, (list, tuple)):
        yield str(len(value))
        for inner in value:
            yield from _computed(inner)


def _canaries(collections: list[Collection], rounds: list[list[dict[str, Any]]]) -> Finding:
    shown = json.dumps(rounds)
    planted = shown.count(CANARY) + shown.count(f"{CANARY}@")
    handles = sum(len(find_leaks(documents, [])) for documents in rounds)
    size = sum(len(collection.comments) + len(collection.videos) for collection in collections)
    return Finding("canaries", planted + handles, size)


def _runs(collections: list[Collection], rounds: list[list[dict[str, Any]]]) -> Finding:
    found = 0
    for collection, documents in zip(collections, rounds, strict=True):
        texts = [comment.text for comment in collection.comments]
        texts += [video.text for video in collection.videos]
        exempt = [v.sound.title for v in collection.videos if v.sound] + [PRODUCT]
        found += len(find_leaks(documents, texts, exempt=exempt))
    words = sum(len(text.split()) for documents in rounds for text in strings(documents))
    return Finding("raw_runs", found, words, "words of output searched")


def _net(texts: list[str]) -> float:
    overall = _documents(_of(_comments(texts)))[0]["overall"]
    return float(overall["net"])


def _injection_shift(texts: list[str], planted: list[str]) -> Finding:
    moves = []
    for round_ in range(ROUNDS):
        chance = random.Random(100 + round_)
        clean = chance.sample(texts, COMMENTS)
        extra = chance.choices(planted, k=COMMENTS // PLANTED_SHARE)
        moves.append(abs(_net([*extra, *clean]) - _net(clean)))
    return Finding("injection_shift", max(moves), ROUNDS, f"smallest {min(moves):.3f}")


def _complaint_shift(folder: Path, texts: list[str]) -> Finding:
    """What tells the two shifts beside it from an analysis that never moves."""
    files = sorted((folder / data.SENTIMENT).glob("*comments*.csv.gz"))
    labelled = [row for file in files for row in data.labelled(file)]
    complaints = [row.text for row in labelled if row.label == "negative"]
    moves = []
    for round_ in range(ROUNDS):
        chance = random.Random(200 + round_)
        clean = chance.sample(texts, 100)
        moves.append(_net(clean) - _net([*clean, *chance.sample(complaints, 100)]))
    return Finding("complaint_shift", min(moves), ROUNDS, "a constant 0")


def _brigade_shift(texts: list[str]) -> Finding:
    chance = random.Random(7)
    clean = chance.sample(texts, 100)
    return Finding("brigade_shift", abs(_net([*clean, *[BRIGADE] * 20]) - _net(clean)), 120)
