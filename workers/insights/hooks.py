"""What kind of opening a caption is. A guess from words: retention is known only to the creator."""

from __future__ import annotations

import re
from typing import cast

from workers.insights.virality_shapes import Hook, HookType
from workers.insights.vocabulary import read_resource

READ_WORDS = 25  # a hook is in the first words or nowhere
_TAGS = re.compile(r"[#@]\S+")


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
