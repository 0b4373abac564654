"""The evaluation's data sets as typed rows."""

from __future__ import annotations

import ast
import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from workers.insights.inputs import Author, Role, Sound, Video

CREATORS = "tiktok_creators_2020.csv.gz"
GROWTH = "tiktok_growth_pairs_2025.csv.gz"
RETENTION = "snapugc_retention.csv.gz"
ITEMS = "tiktok_items_2020.json"
SENTIMENT = "sentiment"
LANGUAGES = "sentiment_languages"
INJECTION = "injection"
PRODUCT_PAGES = "product_pages"


@dataclass(frozen=True, slots=True)
class Labelled:
    text: str
    label: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """A video seen twice."""

    first: Video
    second: Video
    hour: int
    sound_uses: float
    sound_is_original: bool


def creators(folder: Path) -> dict[str, list[Video]]:
    """Posts per creator, oldest first."""
    by_author: defaultdict[str, list[Video]] = defaultdict(list)
    for row in _rows(folder / CREATORS):
        video = _creator_video(row)
        by_author[video.author.ref].append(video)
    for videos in by_author.values():
        videos.sort(key=_posted)
    return dict(by_author)


def pairs(folder: Path) -> list[Pair]:
    """Pairs with every count; the few without are left out."""
    found = (_pair(row) for row in _rows(folder / GROWTH) if _is_complete(row))
    return [
        p for p in found if p.first.views and p.second.views and _posted(p.first) < _seen(p.first)
    ]


def retention(folder: Path) -> list[tuple[str, float]]:
    """Captions, and how many still watched after five seconds: 0 few, 1, 2 many."""
    return [(row["caption"], float(row["retention"])) for row in _rows(folder / RETENTION)]


def labelled(file: Path) -> list[Labelled]:
    return [Labelled(row["text"], row["label"], row.get("group") or "") for row in _rows(file)]


def items(folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((folder / ITEMS).read_text("utf-8"))
    return found


def injections(folder: Path) -> list[str]:
    """Planted instructions: plain tasks, manipulations and jailbreaks."""
    texts: list[str] = []
    for file in sorted((folder / INJECTION).glob("*.json")):
        listed = json.loads(file.read_text("utf-8"))
        texts += [text for group in listed.values() for text in group]
    for file in sorted((folder / INJECTION).glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as opened:
            texts += [row["prompt"] for row in csv.DictReader(opened)]
    return texts


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as opened:
        yield from csv.DictReader(opened)


def _posted(video: Video) -> float:
    return video.created_at.timestamp() if video.created_at else 0.0


def _seen(video: Video) -> float:
    return video.collected_at.timestamp() if video.collected_at else 0.0


def _creator_video(row: dict[str, str]) -> Video:
    return Video(
        ref=row["video_key"],
        author=Author(row["author_key"], _count(row["n_followers"])),
        role="creator",
        created_at=datetime.fromtimestamp(float(row["create_time"]), UTC),
        collected_at=datetime.fromtimestamp(float(row["snapshot_time"]), UTC),
        views=_count(row["n_plays"]),
        likes=_count(row["n_likes"]),
        comments=_count(row["n_comments"]),
        shares=_count(row["n_shares"]),
        duration_seconds=float(row["video_length"] or 0) or None,
        hashtags=tuple(tag.lower() for tag in ast.literal_eval(row["hashtags"] or "[]")),
        sound=Sound(row["song"]) if row["song"] else None,
    )


def _is_complete(row: dict[str, str]) -> bool:
    counts = ("vid_nview", "vid_nlike", "vid_ncomment", "vid_nshare", "vid_nsave")
    wanted = (*counts, "vid_nview_1", "user_nfollower", "posted_at", "t0", "t1")
    return all(row[name] for name in wanted)


def _pair(row: dict[str, str]) -> Pair:
    return Pair(
        first=_pair_video(row, "", "t0", "subject"),
        second=_pair_video(row, "_1", "t1", "subject"),
        hour=datetime.fromisoformat(row["posted_at"]).hour,
        sound_uses=float(row["music_nused"] or 0),
        sound_is_original=row["music_originality"] == "True",
    )


def _pair_video(row: dict[str, str], suffix: str, seen: str, role: Role) -> Video:
    return Video(
        ref=row["video_key"],
        author=Author(row["author_key"], _count(row["user_nfollower"])),
        role=role,
        text=row["caption"],
        created_at=datetime.fromisoformat(row["posted_at"]).replace(tzinfo=UTC),
        collected_at=datetime.fromisoformat(row[seen]).replace(tzinfo=UTC),
        views=_count(row[f"vid_nview{suffix}"]),
        likes=_count(row[f"vid_nlike{suffix}"]),
        comments=_count(row[f"vid_ncomment{suffix}"]),
        shares=_count(row[f"vid_nshare{suffix}"]),
        saves=_count(row[f"vid_nsave{suffix}"]),
        duration_seconds=float(row["duration_s"] or 0) or None,
        hashtags=tuple(tag.strip().lower() for tag in row["hashtags"].split(",") if tag.strip()),
    )


def _count(text: str) -> int | None:
    return int(float(text)) if text else None


def is_held_out(ref: str) -> bool:
    """Half of the creators, by their hash.

    Nothing is fitted on them; the kinds of patterns were chosen on both halves.
    """
    return int(ref[-8:], 16) % 2 == 1
