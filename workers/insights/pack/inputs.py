"""What a pack is written from: findings and stated facts; no comment and no caption is among it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workers.insights.documents import (
    Comparable,
    Engine,
    Evidence,
    PackCase,
    SentimentSummary,
    Theme,
    ViralityBreakdown,
)
from workers.insights.pack.facts import StatedFacts
from workers.insights.pack.words import Words
from workers.insights.statistics import wilson
from workers.insights.virality.profile import Profile
from workers.insights.vocabulary import OVERALL

LEAST_OF_LARGEST = 0.2  # a theme much smaller than the largest is no lead
CLAIMED = ("question", "pain", "praise")


@dataclass(frozen=True, slots=True)
class PackInputs:
    case: PackCase
    words: Words
    product_name: str
    spoken_name: str  # the same, as short as a person says it
    facts: StatedFacts
    sentiment: SentimentSummary
    virality: ViralityBreakdown
    profile: Profile | None  # of the case "profile"
    engine: Engine
    caveats: tuple[str, ...]
    now: datetime

    @property
    def examples(self) -> tuple[Comparable, ...]:
        """Posts that stood out: a profile's own, else those of other creators."""
        return self.profile.best if self.profile else self.virality.comparables

    def who(self, k: int) -> str:
        """ "9 of 172 comments", of those whose words were read."""
        read = self.sentiment.purchase_intent.n
        return self.words.say(f"counts.of_{self._kind()}", k=k, n=read)

    def counts(self, n: int, kind: str | None = None) -> str:
        """ "172 comments"; `kind` is that of the evidence, if all are of one."""
        return self.words.say(f"counts.{self._kind(kind)}", n=n)

    def said_in(self, theme: Theme) -> str:
        """How many comments or reviews a theme is said in."""
        kinds = {item.kind for item in self.evidence_of(theme.evidence_ids)}
        return self.counts(theme.n, "review" if kinds == {"review"} else None)

    def evidence_of(self, ids: Sequence[str]) -> list[Evidence]:
        return [item for item in self.sentiment.evidence if item.id in ids]

    def themes(self) -> tuple[Theme, ...]:
        """Those that claims may rest on, what is asked first, and of each kind the largest first.

        Where people praise and complain about the same thing, one of both stays: the complaint,
        unless praise clearly prevails.
        """
        named = [
            theme
            for theme in self.sentiment.themes
            if theme.carries_claims and theme.kind in CLAIMED
        ]
        largest = max((theme.n for theme in named), default=0)
        named = [theme for theme in named if theme.n >= LEAST_OF_LARGEST * largest]
        kept = [theme for theme in named if not _is_outweighed(theme, named)]
        return tuple(sorted(kept, key=lambda theme: (CLAIMED.index(theme.kind), -theme.n)))

    def leads(self) -> tuple[Theme, ...]:
        """Themes that no claim may rest on, the largest first: somebody has to read them."""
        found = [
            theme
            for theme in self.sentiment.themes
            if theme.kind in CLAIMED
            and theme.source == "vocabulary"
            and theme.aspect not in (None, OVERALL)
            and not theme.carries_claims
        ]
        return tuple(sorted(found, key=lambda theme: -theme.n))

    def _kind(self, kind: str | None = None) -> str:
        sample = self.sentiment.sample
        if kind == "review" or not sample.comments:
            return "reviews" if sample.reviews else "comments"
        return "opinions" if sample.reviews else "comments"


def _is_outweighed(theme: Theme, named: Sequence[Theme]) -> bool:
    other = {"praise": "pain", "pain": "praise"}.get(theme.kind)
    against = sum(t.n for t in named if t.kind == other and t.aspect == theme.aspect)
    if not against:
        return False
    praised = theme.n if theme.kind == "praise" else against
    low, _ = wilson(praised / (theme.n + against), theme.n + against)
    return (low > 0.5) == (theme.kind == "pain")
