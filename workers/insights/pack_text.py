"""The headline and the summary of a pack: numbers that were computed, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workers.insights.facts import StatedFacts
from workers.insights.sentiment_shapes import SentimentSummary, Theme, ThemeKind
from workers.insights.virality_shapes import Score, ViralityBreakdown
from workers.insights.vocabulary import ASPECTS

LEAST_SHOWN_SHARE = 0.005  # below, it would read as 0 %
_HEADLINES: dict[ThemeKind, str] = {
    "question": "people ask about {noun}",
    "praise": "people praise {noun}",
    "pain": "people complain about {noun}",
    "objection": "people hesitate over {noun}",
    "desire": "people have wishes about {noun}",
}
_BANDS = {
    "breakout": "this video is a breakout",
    "above": "this video does better than usual",
    "typical": "this video does about as usual",
    "below": "this video does worse than usual",
}


def headline(product_name: str, themes: Sequence[Theme], score: Score) -> str:
    divided = _divided(themes)
    if divided is not None:
        return f"{product_name}: opinions of {divided} are divided"
    parts = []
    for kind in ("praise", "question", "pain"):
        theme = next((theme for theme in themes if theme.kind == kind), None)
        if theme is not None:
            parts.append(_HEADLINES[theme.kind].format(noun=ASPECTS[theme.aspect].noun))
    if not parts and score.band in _BANDS:
        parts = [_BANDS[score.band]]
    said = "; ".join(parts[:2]) if parts else "not enough said about it yet"
    return f"{product_name}: {said}"


def _divided(themes: Sequence[Theme]) -> str | None:
    """What leads the praise and the complaints alike."""
    praise = next((theme for theme in themes if theme.kind == "praise"), None)
    pain = next((theme for theme in themes if theme.kind == "pain"), None)
    if praise is None or pain is None or praise.aspect != pain.aspect:
        return None
    return ASPECTS[praise.aspect].noun


def summary(
    product_name: str, sentiment: SentimentSummary, virality: ViralityBreakdown, facts: StatedFacts
) -> str:
    return " ".join(_sentences(product_name, sentiment, virality, facts))


def _sentences(
    product_name: str, sentiment: SentimentSummary, virality: ViralityBreakdown, facts: StatedFacts
) -> Iterator[str]:
    yield _sentiment_sentence(sentiment)
    if virality.score.value is not None:
        low, high = virality.score.interval or (virality.score.value, virality.score.value)
        yield (
            f"The video scores {virality.score.value} of 100 ({low} to {high}) against "
            f"{virality.score.basis_text}."
        )
    else:
        yield "There is no video to score, or nothing to compare it with."
    intent = sentiment.purchase_intent
    if intent.share and intent.share >= LEAST_SHOWN_SHARE:
        yield f"{intent.share:.0%} of {intent.n} comments want to buy or have bought."
    if virality.drivers:
        yield virality.drivers[0].text
    if facts.price:
        yield f"The page of the {product_name} states {facts.price.text}."
    if virality.comparables:
        yield f"Comparable posts that stood out: {len(virality.comparables)}."


def _sentiment_sentence(sentiment: SentimentSummary) -> str:
    overall = sentiment.overall
    if not sentiment.sample.collected:
        return "No comments were collected."
    if overall.net is None or overall.ci95 is None:
        return f"Only {overall.n} comments could be read: too few for a verdict."
    low, high = overall.ci95
    return (
        f"{overall.n} comments are {overall.label} as a whole: net {overall.net:+.2f} "
        f"(between {low:+.2f} and {high:+.2f}) on a scale from -1 to +1."
    )
