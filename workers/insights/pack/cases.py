"""The four cases of a pack: what is said first, which steps apply, and the order of the cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.insights.documents import PackCase, SentimentSummary, ViralityBreakdown
from workers.insights.inputs import Collection
from workers.insights.pack import next_steps
from workers.insights.pack.next_steps import Steps


@dataclass(frozen=True, slots=True)
class Case:
    """`headline` and `summary` name statements, the most useful first; `cards` kinds of cards."""

    headline: Sequence[str]
    summary: Sequence[str]
    steps: Sequence[Steps]
    cards: Sequence[str]


CASES: dict[PackCase, Case] = {
    "shop_product": Case(
        headline=(
            "conflict", "more_shown", "question", "topic_named", "shown_stars", "claim",
            "warranty", "overall", "pain", "praise", "stars", "ratio", "sold_out", "auction",
            "opening", "rating", "intent", "price",
        ),
        summary=(
            "sold_out", "readable", "conflict", "stars", "overall", "open", "shown_stars", "rating",
            "ratio", "opening", "intent", "no_script", "pace",
        ),
        steps=(
            next_steps.wait_for_stock,
            next_steps.film_theme,
            next_steps.film_claim,
            next_steps.film_stars,
            next_steps.film_fact,
            next_steps.read_comments,
            next_steps.know_more,
        ),
        cards=(
            "hooks", "sentiment", "angles", "script", "facts", "stands_out", "risks", "next_steps",
        ),
    ),
    "own_video": Case(
        headline=(
            "ratio", "question", "viewers0", "topic", "short", "again", "level", "overall", "pain",
            "praise", "growing", "opening", "intent", "word0",
        ),
        summary=(
            "age", "ratio", "question", "viewers0", "viewers1", "topic", "short", "again", "level",
            "viewers2", "word0", "word1", "overall", "pain", "praise", "shares", "growing",
            "spoken", "product_late", "call", "opening", "pace", "intent", "open",
        ),
        steps=(
            next_steps.post_again,
            next_steps.answer_video,
            next_steps.answer_requests,
            next_steps.wait_season,
            next_steps.share_more,
            next_steps.compare_best,
            next_steps.use_patterns,
            next_steps.write_hook,
            next_steps.read_questions,
            next_steps.read_comments,
            next_steps.connect_tiktok,
            next_steps.more_comments,
        ),
        cards=(
            "stands_out", "sentiment", "hooks", "angles", "script", "risks", "next_steps",
        ),
    ),
    "profile": Case(
        headline=(
            "best_post", "level", "topic", "short", "again", "shared_more", "question", "viewers0",
            "pain", "praise", "word0",
        ),
        summary=(
            "age", "posts", "best_post", "level", "topic", "short", "again", "shared_opening",
            "shared_more", "nothing_shared", "viewers0", "viewers1", "question", "word0",
            "word1", "overall", "pain", "praise", "ratio", "lengths", "open",
        ),
        steps=(
            next_steps.post_again,
            next_steps.use_patterns,
            next_steps.repeat_opening,
            next_steps.repeat_length,
            next_steps.few_standouts,
            next_steps.answer_video,
            next_steps.answer_requests,
            next_steps.wait_season,
            next_steps.compare_shared,
            next_steps.read_questions,
            next_steps.more_posts,
            next_steps.connect_tiktok,
            next_steps.more_comments,
        ),
        cards=("stands_out", "next_steps", "hooks", "sentiment", "angles", "script", "risks"),
    ),
    "no_comments": Case(
        headline=(
            "ratio", "sold_out", "auction", "warranty", "claim", "rating", "price", "opening",
        ),
        summary=(
            "sold_out", "auction", "rating", "overall", "price", "no_script", "open", "ratio",
            "opening", "pace",
        ),
        steps=(
            next_steps.wait_for_stock,
            next_steps.film_claim,
            next_steps.film_fact,
            next_steps.auction_result,
            next_steps.know_more,
        ),
        cards=("facts", "next_steps", "hooks", "angles", "script", "stands_out"),
    ),
}  # fmt: skip


def case_of(
    collection: Collection, sentiment: SentimentSummary, virality: ViralityBreakdown
) -> PackCase:
    """By what was asked about, and by what there is to read."""
    if collection.source_kind == "tiktok_profile":
        return "profile"
    has_video = virality.format is not None
    if collection.subject_is_product:
        return "shop_product" if sentiment.sample.analysed else "no_comments"
    return "own_video" if sentiment.sample.analysed or has_video else "no_comments"
