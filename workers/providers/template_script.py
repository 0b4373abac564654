"""A script without a language model: the pack's beats, joined into a text that can be read aloud.

It follows no brief, and says so in its title; a brief only picks among the pack's angles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workers.engine.errors import Reject
from workers.sources.similarity import overlap

Pack = Mapping[str, Any]

MAX_TITLE_CHARACTERS = 200
MAX_CONTENT_CHARACTERS = 10_000  # as public.scripts takes it
WITHDRAWN = "The language model is no longer offered."
MAX_HASHTAGS = 5
MAX_HASHTAG_CHARACTERS = 100


@dataclass(frozen=True)
class Script:
    """A draft: the title is ours, the content is what the creator edits."""

    title: str
    content: str


def template_script(pack: Pack, brief: str, why: str = "") -> Script:
    """The pack's template that fits the brief best; the first where none does.

    `why` is a sentence, shown in the title, where a model should have written.
    """
    templates = pack.get("script_templates") or []
    if not templates:
        message = "There is too little data for a script yet. Run the analysis again later."
        raise Reject("too_little_data", message)
    angles = {angle["id"]: angle["title"] for angle in pack["angles"]}
    chosen = max(templates, key=lambda template: _fit(template, angles, brief))
    title = angles.get(chosen["angle_id"], "script")
    return Script(
        title=f"{why} From templates: {title}".strip()[:MAX_TITLE_CHARACTERS],
        content=as_text(chosen["beats"], caption(pack))[:MAX_CONTENT_CHARACTERS],
    )


def as_text(beats: list[dict[str, Any]], caption_line: str) -> str:
    """One paragraph for each beat: when, what is said, what is seen."""
    parts = [
        f"[{beat['from_s']}-{beat['to_s']} s, {beat['kind']}]\n{beat['text']}"
        + (f"\n(On screen: {beat['on_screen']})" if beat["on_screen"] else "")
        for beat in beats
    ]
    return "\n\n".join([*parts, f"Caption: {caption_line}"])


def caption(pack: Pack) -> str:
    """Disclosure first: behind a string of hashtags it would not count as clear."""
    hashtags = [
        f"#{tag['tag'][:MAX_HASHTAG_CHARACTERS]}" for tag in pack["hashtags"][:MAX_HASHTAGS]
    ]
    return " ".join([pack["disclosure"]["text"], *hashtags])


def _fit(template: dict[str, Any], angles: Mapping[str, str], brief: str) -> float:
    words = " ".join(beat["text"] for beat in template["beats"])
    return overlap(brief, f"{angles.get(template['angle_id'], '')} {words}")
