"""Do posts with this hashtag, sound, opening or length do better than their creators usually do?

Raw lifts shrink on creators who were not looked at (tags from 1.15 to 1.07, songs from 1.51 to
1.17), so every lift is pulled towards one by as much as its sample is small. The kind of opening is
a guess from a caption's words: retention is known only to the creator. The kinds are ours, so no
word of a caption is among them.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean, pvariance
from typing import Any, cast

from workers.insights.documents import Hook, HookType, PatternKind, PatternLift, SoundLift, TagLift
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Video
from workers.insights.statistics import Z95
from workers.insights.virality.score import Outlier
from workers.insights.vocabulary import read_resource

READ_WORDS = 25  # a hook is in the first words or nowhere
_TAGS = re.compile(r"[#@]\S+")

MINIMUM_POSTS = 5
MINIMUM_AUTHORS = 3
# How far true lifts spread (log scale): what halves of 900 creators have in common, for tags and
# for songs alike.
PRIOR_SPREAD = 0.15
# How far creators using the same tag differ for other reasons (log scale), on the same data.
CREATOR_SPREAD = 0.84
SHOWN = 12

# On everything, so they say nothing; or disclosures, which are a duty and no advice.
GENERIC = frozenset((
    "fyp", "foryou", "foryoupage", "fy", "fypage", "fypp", "fyy", "fup", "foru", "foryourpage",
    "parati", "pourtoi", "voorjoupagina", "xuhuong", "xyzbca", "viral", "viralvideo", "viraltiktok",
    "tiktok", "tiktoker", "trending", "trend", "explore", "explorepage", "follow", "duet", "shorts",
    "ad", "sponsored", "werbung", "anzeige", "reklame",
))  # fmt: skip
_TAG = re.compile(r"[^\W_]\w{1,29}")
_TITLE_NOISE = re.compile(r"https?\S+|@\S+|[^\w\s'&().,!?\-]")
# TikTok names a creator's own sound after the creator.
_OWN_SOUND = re.compile(
    "original|orijinal|oryginaln|оригинальн|nhạc nền|suara asli|原声|オリジナル|오리지널",
    re.IGNORECASE,
)

# Upper ends in seconds, and what a post of that length is called.
LENGTHS = ((10, "under 10 s"), (20, "10 to 20 s"), (40, "20 to 40 s"), (90, "40 to 90 s"))
LONGEST = "over 90 s"


def _pattern(raw: dict[str, list[str]]) -> re.Pattern[str]:
    parts = [rf"\b(?:{'|'.join(raw['words'])})\b"] if "words" in raw else []
    parts += [rf"^\W*(?:{'|'.join(raw['starts'])})\b|\?"] if "starts" in raw else []
    return re.compile("|".join(parts), re.IGNORECASE)


_RAW = read_resource("hooks.toml")
_PATTERNS = tuple((cast("HookType", name), _pattern(raw)) for name, raw in _RAW.items())
NAMES: dict[HookType, str] = {cast("HookType", name): raw["name"] for name, raw in _RAW.items()}
NAMES["none"] = "has no recognisable hook"


def hook_type(caption: str) -> HookType:
    words = " ".join(_TAGS.sub(" ", caption).split()[:READ_WORDS])
    return next((kind for kind, pattern in _PATTERNS if pattern.search(words)), "none")


def hook(caption: str | None) -> Hook:
    if caption is None:
        return Hook(type="none", paraphrase="There is no video to read.", basis="none")
    kind = hook_type(caption)
    return Hook(type=kind, paraphrase=f"The caption {NAMES[kind]}.", basis="caption")


@dataclass(frozen=True, slots=True)
class Measured:
    name: str
    lift: float
    low: float
    high: float
    raw: float
    refs: tuple[str, ...]
    authors: int

    @property
    def is_supported(self) -> bool:
        return self.low > 1 or self.high < 1


def measure_all(
    groups: Mapping[str, Iterable[Outlier]], found: Mapping[str, Outlier]
) -> list[Measured]:
    """The surest first. Each creator counts once per group, with the mean over their posts."""
    usual = fmean(outlier.log_ratio for outlier in found.values()) if found else 0.0
    measured = [_measure(name, list(posts), usual) for name, posts in groups.items()]
    return sorted((m for m in measured if m), key=lambda m: (-m.low, -m.lift, m.name))


def _measure(name: str, posts: list[Outlier], usual: float) -> Measured | None:
    """`usual` is the mean log ratio of all posts: above zero, since means exceed medians."""
    by_author: defaultdict[str, list[float]] = defaultdict(list)
    for post in posts:
        by_author[post.video.author.ref].append(post.log_ratio - usual)
    if len(posts) < MINIMUM_POSTS or len(by_author) < MINIMUM_AUTHORS:
        return None
    means = [fmean(values) for values in by_author.values()]
    raw = fmean(means)
    variance = max(pvariance(means), CREATOR_SPREAD**2) / len(means)
    keep = PRIOR_SPREAD**2 / (PRIOR_SPREAD**2 + variance)
    centre, half = keep * raw, Z95 * math.sqrt(keep * variance)
    refs = tuple(post.video.ref for post in posts)
    low, high = math.exp(centre - half), math.exp(centre + half)
    return Measured(name, math.exp(centre), low, high, math.exp(raw), refs, len(by_author))


def hashtags(found: Mapping[str, Outlier], log: EvidenceLog) -> tuple[TagLift, ...]:
    groups: defaultdict[str, list[Outlier]] = defaultdict(list)
    for outlier in found.values():
        for tag in dict.fromkeys(outlier.video.hashtags):
            if _TAG.fullmatch(tag):
                groups[tag.lower()].append(outlier)
    niche = [m for m in measure_all(groups, found) if m.name not in GENERIC][:SHOWN]
    return tuple(
        TagLift(tag=m.name, kind="niche", **measured_fields(m, f"#{m.name}", log)) for m in niche
    )


def sounds(found: Mapping[str, Outlier], log: EvidenceLog) -> tuple[SoundLift, ...]:
    groups: defaultdict[str, list[Outlier]] = defaultdict(list)
    for outlier in found.values():
        title = sound_title(outlier.video.sound.title) if outlier.video.sound else None
        if title and outlier.video.sound and not outlier.video.sound.is_original:
            groups[title].append(outlier)
    return tuple(
        SoundLift(title=m.name, **measured_fields(m, f"the sound “{m.name}”", log))
        for m in measure_all(groups, found)[:SHOWN]
    )


def sound_title(title: str) -> str | None:
    """A published title fit to be shown; a creator's own sound carries a name and is not."""
    if _OWN_SOUND.search(title):
        return None
    return " ".join(_TITLE_NOISE.sub(" ", title).split())[:60] or None


def measured_fields(m: Measured, name: str, log: EvidenceLog) -> dict[str, Any]:
    """The fields that every `Lift` has."""
    basis = f"{len(m.refs)} posts of {m.authors} creators against their own medians"
    paraphrase = (
        f"{len(m.refs)} posts of {m.authors} creators carry {name}; adjusted lift {m.lift:.2f}."
    )
    return {
        "lift": round(m.lift, 2),
        "lift_ci": (round(m.low, 2), round(m.high, 2)),
        "raw_lift": round(m.raw, 2),
        "n": len(m.refs),
        "authors": m.authors,
        "status": "supported" if m.is_supported else "not_supported",
        "basis": basis,
        "evidence_ids": (log.add("video", paraphrase, m.refs),),
    }


def patterns(found: Mapping[str, Outlier], log: EvidenceLog) -> tuple[PatternLift, ...]:
    return (*_lifts("hook", _hook, found, log), *_lifts("length", _length, found, log))


def _hook(video: Video) -> str | None:
    kind = hook_type(video.text)
    return kind if kind != "none" else None


def _length(video: Video) -> str | None:
    seconds = video.duration_seconds
    if not seconds:
        return None
    return next((name for end, name in LENGTHS if seconds < end), LONGEST)


def _lifts(
    kind: PatternKind,
    name_of: Callable[[Video], str | None],
    found: Mapping[str, Outlier],
    log: EvidenceLog,
) -> list[PatternLift]:
    groups: defaultdict[str, list[Outlier]] = defaultdict(list)
    for outlier in found.values():
        name = name_of(outlier.video)
        if name is not None:
            groups[name].append(outlier)
    return [
        PatternLift(kind=kind, name=m.name, **measured_fields(m, f"the {kind} “{m.name}”", log))
        for m in measure_all(groups, found)
    ]
