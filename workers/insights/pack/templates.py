"""The sentences of a pack when no language model writes it: they claim only what was measured.

No template speaks of an experience the creator may not have had, compares with a named product, or
promises a result: those would break advertising rules before the creator has filmed a second.
"""

from __future__ import annotations

from dataclasses import dataclass

from workers.insights.documents import HookType, ThemeKind


@dataclass(frozen=True, slots=True)
class HookTemplate:
    type: HookType
    text: str


# Fields: {product} {noun} {good} {bad} {n} {comments}. Several per kind, so that packs differ.
HOOKS: dict[ThemeKind, tuple[HookTemplate, ...]] = {
    "praise": (
        HookTemplate("social_proof", "{n} comments about the {product} say the same: it {good}."),
        HookTemplate("result_first", "They say it {good}. Here it is, uncut."),
        HookTemplate(
            "demo", "One minute with the {product}, and only one thing to look at: {noun}."
        ),
    ),
    "pain": (
        HookTemplate(
            "problem",
            "{n} comments on the {product} complain that it {bad}. Let's check.",
        ),
        HookTemplate("warning", "Before you buy the {product}, look at {noun}."),
        HookTemplate("contrarian", "Not everybody likes the {product}, and the reason is {noun}."),
    ),
    "question": (
        HookTemplate(
            "question", "{n} people asked about {noun}. Here is the {product}, and the answer."
        ),
        HookTemplate("question", "{n} comments on the {product} ask about one thing: {noun}."),
        HookTemplate(
            "curiosity_gap",
            "One question about the {product}, asked {n} times: {noun}. Watch this.",
        ),
    ),
    "objection": (
        HookTemplate("contrarian", "“I don't need the {product}.” Let's look at {noun} first."),
        HookTemplate("comparison", "Is the {product} for you? It comes down to {noun}."),
    ),
    "desire": (
        HookTemplate(
            "curiosity_gap", "People have wishes for {noun}. Here is what the {product} does today."
        ),
        HookTemplate(
            "question", "What do people wish for in the {product}? {n} of them speak of {noun}."
        ),
    ),
}
# Why a hook is proposed, by the theme it rests on.
WHY: dict[ThemeKind, str] = {
    "praise": "{n} of {comments} comments praise it: it {good}.",
    "pain": "{n} of {comments} comments complain: it {bad}.",
    "question": "{n} of {comments} comments ask about {noun}.",
    "objection": "{n} of {comments} comments hesitate over {noun}.",
    "desire": "{n} of {comments} comments have wishes about {noun}.",
}
# One per kind of opening, for when posts that stood out are known and comments are not. The first
# three serve where nothing is known.
BY_TYPE: dict[HookType, str] = {
    "demo": "First look at the {product}: box open, no cuts.",
    "question": "What is the {product}, and who is it for?",
    "listicle": "3 things to check before you buy the {product}.",
    "warning": "Before you buy the {product}, watch this.",
    "comparison": "With and without the {product}: same task, no cuts.",
    "result_first": "The result first: the {product}, one take.",
    "problem": "The problem that the {product} says it solves. Let's check.",
    "pov": "POV: the {product} has just arrived.",
    "story": "From the door to the first use: the {product}.",
    "contrarian": "Do you need the {product}? Maybe not. Here is how to tell.",
    "curiosity_gap": "Wait for the last second: the {product}, one take.",
}
GENERAL: tuple[HookType, ...] = ("demo", "question", "listicle")
PRICE_HOOK = HookTemplate("comparison", "{price} for the {product}: here is what you get for it.")
RATING_HOOK = HookTemplate(
    "social_proof", "{rating} of 5 from {reviews} reviews. Does the {product} earn it?"
)


@dataclass(frozen=True, slots=True)
class AngleTemplate:
    title: str
    promise: str
    proof: str


ANGLES: dict[ThemeKind, AngleTemplate] = {
    "praise": AngleTemplate(
        "Show what people praise: {noun}",
        "The viewer sees for themselves whether it {good}.",
        "{n} of {comments} comments say so.",
    ),
    "pain": AngleTemplate(
        "Take the complaint seriously: {noun}",
        "The viewer learns when it {bad}, and what helps, before buying.",
        "{n} of {comments} comments complain about it.",
    ),
    "question": AngleTemplate(
        "Answer what people ask: {noun}",
        "The viewer leaves with a clear answer.",
        "{n} of {comments} comments ask.",
    ),
    "objection": AngleTemplate(
        "Meet the doubt: {noun}",
        "The viewer can decide whether it is for them, and hears when it is not.",
        "{n} of {comments} comments hesitate over it.",
    ),
    "desire": AngleTemplate(
        "Speak to the wish: {noun}",
        "The viewer hears what it does today, and can say what is missing.",
        "{n} of {comments} comments have wishes.",
    ),
}
FIRST_LOOK_ANGLE = AngleTemplate(
    "A first look without promises",
    "The viewer sees what is in the box and how it is used.",
    "There are not enough comments to build on yet; the product's page is what is known.",
)

# What the creator says per beat, by the theme the script builds on.
PROBLEM: dict[ThemeKind, str] = {
    "praise": "Say who it is for, in one sentence, and what they do without it.",
    "pain": "Say the complaint as people put it: it {bad}.",
    "question": "Read the question out: people want to know about {noun}.",
    "objection": "Say the doubt fairly, as somebody who has it would.",
    "desire": "Say what people wish for, and that you looked at what is there today.",
}
PAYOFF: dict[ThemeKind, str] = {
    "praise": "Say in your own words whether it {good}, and one thing you would change.",
    "pain": "Say plainly whether it happened, and how to avoid it if it did.",
    "question": "Repeat the answer in one short sentence.",
    "objection": "Say who should buy it and who should not.",
    "desire": "Ask which of the wishes matters most.",
}
CALLS: dict[ThemeKind, str] = {
    "praise": "Ask: what should I test next? Answer the first comments with a video.",
    "pain": "Ask: did this happen to you? Pin the most useful answer.",
    "question": "Ask for the next question and answer it by video reply.",
    "objection": "Ask: would you, or not? Reply to both sides.",
    "desire": "Ask for the one thing they would add, and pin the best.",
}

DISCLOSURE_REASON = (
    "Paid, gifted or affiliate posts need a clear disclosure in the video and at the start of the "
    "caption; switch TikTok's content disclosure on as well."
)
ALWAYS_DONT = (
    "Don't tell of results or a length of use that you have not had yourself.",
    "Don't say “best”, “100 %”, “instant” or “cures”: the product's page has to carry every claim.",
    "Don't hide the disclosure behind “more” or among hashtags.",
)


def price_text(amount: str, currency: str | None) -> str:
    return f"{amount} {currency}" if currency else amount
