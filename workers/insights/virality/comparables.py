"""Posts that stood out most: what to look at before writing a script, and the hashtags they use."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from workers.insights.documents import Comparable, Tag
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Video
from workers.insights.virality.hooks import NAMES, hook_type
from workers.insights.virality.stands_out import Outlier, basis_text, times

Linked = Literal["own", "tag", "name", "niche"]
MIN_NAMING = 4  # letters of a word by which a caption names a product

STANDOUT_RATIO = 2.0
SHOWN = 5
TAGS_SHOWN = 12
# A hashtag that fewer creators use may be the words of one person.
TAG_CREATORS = 3

# Hashtags of every niche, and those that disclose an advertisement.
GENERIC = frozenset((
    "fyp", "foryou", "foryoupage", "fy", "fypage", "fypp", "fyy", "fup", "foru", "foryourpage",
    "parati", "pourtoi", "voorjoupagina", "xuhuong", "xyzbca", "viral", "viralvideo", "viraltiktok",
    "tiktok", "tiktoker", "trending", "trend", "explore", "explorepage", "follow", "duet", "shorts",
    "ad", "sponsored", "werbung", "anzeige", "reklame",
))  # fmt: skip
TAG = re.compile(r"[^\W_]\w{1,29}")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Link:
    """What relates a post to what was asked about. `word`: the shared hashtag or word."""

    kind: Linked
    word: str = ""


def link_of(video: Video, subject: Video | None, product_name: str | None) -> Link | None:
    """None for a post of others that shares nothing with a product."""
    if video.role == "creator" or (subject and video.author.ref == subject.author.ref):
        return Link("own")
    if subject is not None:
        shared = (tag for tag in video.hashtags if tag in subject.hashtags and tag not in GENERIC)
        tag = next(shared, None)
        return Link("tag", tag) if tag else Link("niche")
    if product_name is None:
        return Link("niche")
    said = {word.lower() for word in _WORD.findall(f"{video.text} {' '.join(video.hashtags)}")}
    words = (word for word in _WORD.findall(product_name) if len(word) >= MIN_NAMING)
    word = next((word for word in words if word.lower() in said), None)
    return Link("name", word) if word else None


def standouts(found: Mapping[str, Outlier], subject: Video | None) -> list[Outlier]:
    """Posts of STANDOUT_RATIO or more with an interval above 1, the highest low end first."""
    chosen = [
        outlier
        for outlier in found.values()
        if outlier.low > 1
        and outlier.ratio >= STANDOUT_RATIO
        and (subject is None or outlier.video.ref != subject.ref)
    ]
    return sorted(chosen, key=lambda outlier: (-outlier.low, -outlier.ratio, outlier.video.ref))


def comparables(
    found: Mapping[str, Outlier],
    subject: Video | None,
    log: EvidenceLog,
    product_name: str | None = None,
) -> tuple[Comparable, ...]:
    """The best post of each creator that stands out, SHOWN at most.

    With `product_name`, posts that neither name the product nor come from its seller are left out.
    """
    author = subject.author.ref if subject is not None else None
    return tuple(
        comparable(outlier, log).model_copy(update={"is_own": outlier.video.author.ref == author})
        for outlier, _ in _related(found, subject, product_name)
    )


def links(
    found: Mapping[str, Outlier],
    subject: Video | None,
    log: EvidenceLog,
    product_name: str | None = None,
) -> dict[str, Link]:
    """Of the same posts, by the evidence of each."""
    return {
        comparable(outlier, log).evidence_id: link
        for outlier, link in _related(found, subject, product_name)
    }


def _related(
    found: Mapping[str, Outlier], subject: Video | None, product_name: str | None
) -> list[tuple[Outlier, Link]]:
    best: dict[str, tuple[Outlier, Link]] = {}
    for outlier in standouts(found, subject):
        link = link_of(outlier.video, subject, product_name)
        if link is not None:
            best.setdefault(outlier.video.author.ref, (outlier, link))
    return list(best.values())[:SHOWN]


def comparable(outlier: Outlier, log: EvidenceLog) -> Comparable:
    video = outlier.video
    kind = hook_type(video.text)
    length = f", {video.duration_seconds:.0f} s long" if video.duration_seconds else ""
    opening = f"; the caption {NAMES[kind]}" if kind != "none" else ""
    said = f"{times(outlier)} {basis_text(outlier)}"
    evidence = log.add("video", f"A post with {said}{length}.", [video.ref], url=video.url)
    return Comparable(
        url=next(item.url for item in log.items() if item.id == evidence),
        ratio=round(outlier.ratio, 2),
        ratio_interval=(round(outlier.low, 2), round(outlier.high, 2)),
        basis=outlier.basis,
        n=outlier.n,
        hook=kind,
        duration_s=video.duration_seconds,
        posted_on=video.created_at.date().isoformat() if video.created_at else None,
        views=video.views,
        why=f"{said[0].upper()}{said[1:]}{opening}{length}.",
        evidence_id=evidence,
    )


def tags(found: Mapping[str, Outlier], subject: Video | None) -> tuple[Tag, ...]:
    """Hashtags of posts that stand out. No effect on views was found, so they are only counted."""
    posts: defaultdict[str, list[str]] = defaultdict(list)
    for outlier in standouts(found, subject):
        for tag in {tag.lower() for tag in outlier.video.hashtags}:
            if TAG.fullmatch(tag) and tag not in GENERIC:
                posts[tag].append(outlier.video.author.ref)
    counted = (
        Tag(tag=tag, posts=len(authors), authors=len(set(authors)))
        for tag, authors in posts.items()
        if len(set(authors)) >= TAG_CREATORS
    )
    ranked = sorted(counted, key=lambda tag: (-tag.authors, -tag.posts, tag.tag))
    return tuple(ranked[:TAGS_SHOWN])
