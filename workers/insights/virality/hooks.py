"""The kind of opening of a caption, and how long other posts with such an opening were watched.

English patterns guess the kind from the first words. Texts in other languages seldom match and are
of kind "none". Public data has no watch time: the retention is that of another set of short videos.
"""

from __future__ import annotations

import re
from typing import cast

from workers.insights.documents import Hook, HookType, Retention
from workers.insights.vocabulary import read_resource

READ_WORDS = 25  # only the first words of a caption can be a hook
_TAGS = re.compile(r"[#@]\S+")


def _pattern(raw: dict[str, list[str]]) -> re.Pattern[str]:
    parts = [rf"\b(?:{'|'.join(raw['words'])})\b"] if "words" in raw else []
    parts += [rf"^\W*(?:{'|'.join(raw['starts'])})\b"] if "starts" in raw else []
    return re.compile("|".join([*parts, *raw.get("marks", ())]), re.IGNORECASE)


_RAW = read_resource("hooks.toml")
_PATTERNS = tuple((cast("HookType", name), _pattern(raw)) for name, raw in _RAW.items())
NAMES: dict[HookType, str] = {cast("HookType", name): raw["name"] for name, raw in _RAW.items()}
NAMES["none"] = "has no recognisable hook"

_RETENTION = read_resource("retention.toml")
# The kinds with the longest watch time come first. Kinds of one pool share its numbers.
RETENTION = tuple(
    Retention(
        hook=hook,
        mean=pool["mean"],
        ci95=tuple(pool["ci95"]),
        n=pool["n"],
        pooled_with=tuple(other for other in pool["hooks"] if other != hook),
    )
    for pool in sorted(_RETENTION["pools"], key=lambda pool: -pool["mean"])
    for hook in pool["hooks"]
)
RETENTION_POSTS: int = sum(pool["n"] for pool in _RETENTION["pools"])


def hook_type(caption: str) -> HookType:
    words = " ".join(_TAGS.sub(" ", caption.replace("\u2019", "'")).split()[:READ_WORDS])
    return next((kind for kind, pattern in _PATTERNS if pattern.search(words)), "none")


def hook(caption: str | None) -> Hook:
    if caption is None:
        return Hook(type="none", paraphrase="There is no video to read.", basis="none")
    if not caption.strip():
        return Hook(type="none", paraphrase="There is no caption to read.", basis="none")
    kind = hook_type(caption)
    return Hook(type=kind, paraphrase=f"The caption {NAMES[kind]}.", basis="caption")
