"""Timed beats for the leading angles: what to say and what to show, to be filled by the creator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from workers.insights import templates
from workers.insights.pack_shapes import Angle, Beat, PackHook, ScriptTemplate
from workers.insights.sentiment_shapes import Theme
from workers.insights.vocabulary import ASPECTS

MAX_SCRIPTS = 3
# (kind, seconds from, to): the hook gets three seconds, the demonstration the most.
BEATS: tuple[tuple[Literal["hook", "problem", "demo", "proof", "payoff", "cta"], int, int], ...] = (
    ("hook", 0, 3),
    ("problem", 3, 8),
    ("demo", 8, 18),
    ("proof", 18, 23),
    ("payoff", 23, 27),
    ("cta", 27, 30),
)


def script_templates(
    product_name: str, angles: Sequence[Angle], themes: Sequence[Theme], hooks: Sequence[PackHook]
) -> tuple[ScriptTemplate, ...]:
    """One script per leading theme; without themes one first look."""
    if not themes:
        return (_script(1, angles[0], _first_look(product_name, hooks)),)
    return tuple(
        _script(number, angle, _texts(angle, theme, hook))
        for number, (angle, theme, hook) in enumerate(
            list(zip(angles, themes, hooks, strict=False))[:MAX_SCRIPTS], start=1
        )
    )


def _texts(angle: Angle, theme: Theme, hook: PackHook) -> dict[str, tuple[str, str]]:
    """Per beat: what is said, what is on screen."""
    words = ASPECTS[theme.aspect]
    fields = {"noun": words.noun, "good": words.good, "bad": words.bad}
    return {
        "hook": (
            hook.text,
            "The product in the first frame, moving. Disclosure if paid or gifted.",
        ),
        "problem": (templates.PROBLEM[theme.kind].format(**fields), "Your face, close."),
        "demo": (words.demo, "One shot, no cut; say what is happening, nothing more."),
        "proof": (angle.proof, "The number as text on screen."),
        "payoff": (templates.PAYOFF[theme.kind].format(**fields), "The result, held for a second."),
        "cta": (templates.CALLS[theme.kind], "The question as text on screen."),
    }


def _first_look(product_name: str, hooks: Sequence[PackHook]) -> dict[str, tuple[str, str]]:
    return {
        "hook": (hooks[0].text, "The closed box. Disclosure if paid or gifted."),
        "problem": ("Say what it is for, in one sentence.", "Your face, close."),
        "demo": ("Take it out, set it up and use it once.", "One shot, no cut."),
        "proof": (
            "Read out what the product's page states: price, size, what is in the box.",
            "The page.",
        ),
        "payoff": ("Say your first impression, and what you could not judge yet.", "The product."),
        "cta": (f"Ask what people want to know about the {product_name}.", "The question as text."),
    }


def _script(number: int, angle: Angle, texts: dict[str, tuple[str, str]]) -> ScriptTemplate:
    beats = tuple(
        Beat(from_s=start, to_s=end, kind=kind, text=texts[kind][0], on_screen=texts[kind][1])
        for kind, start, end in BEATS
    )
    return ScriptTemplate(id=f"t{number}", angle_id=angle.id, duration_s=BEATS[-1][2], beats=beats)
