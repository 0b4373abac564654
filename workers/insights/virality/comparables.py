"""Posts of the same niche that stood out most: what to look at before writing a script."""

from __future__ import annotations

from collections.abc import Mapping

from workers.insights.documents import Comparable
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Video
from workers.insights.virality.lifts import NAMES, hook_type
from workers.insights.virality.score import Outlier, basis_text

LEAST_RATIO = 2.0
SHOWN = 5


def comparables(
    found: Mapping[str, Outlier], subject: Video | None, log: EvidenceLog
) -> tuple[Comparable, ...]:
    """One per creator; the low end of the interval has to stand out too."""
    chosen: list[Outlier] = []
    ranked = sorted(_comparable_ones(found), key=lambda o: (-o.low, o.video.ref))
    for outlier in ranked:
        is_subject = subject is not None and outlier.video.ref == subject.ref
        taken = {other.video.author.ref for other in chosen}
        stands_out = outlier.low > 1 and outlier.ratio >= LEAST_RATIO
        if stands_out and not is_subject and outlier.video.author.ref not in taken:
            chosen.append(outlier)
    return tuple(_comparable(outlier, log) for outlier in chosen[:SHOWN])


def _comparable_ones(found: Mapping[str, Outlier]) -> list[Outlier]:
    """Posts measured against their own creators where possible: others are large accounts."""
    own = [o for o in found.values() if o.baseline.basis == "creator_median"]
    return own or list(found.values())


def _comparable(outlier: Outlier, log: EvidenceLog) -> Comparable:
    video = outlier.video
    kind = hook_type(video.text)
    length = f", {video.duration_seconds:.0f} s long" if video.duration_seconds else ""
    opening = f"; the caption {NAMES[kind]}" if kind != "none" else ""
    why = f"{outlier.ratio:.1f} times {basis_text(outlier)}{opening}{length}."
    paraphrase = f"A post with {outlier.ratio:.1f} times the views of its baseline{length}."
    evidence = log.add("video", paraphrase, [video.ref], url=video.url)
    return Comparable(
        url=next(item.url for item in log.items() if item.id == evidence),
        outlier_ratio=round(outlier.ratio, 2),
        basis=outlier.baseline.basis,
        n=outlier.baseline.n,
        hook=kind,
        why=why,
        evidence_id=evidence,
    )
