"""What viewers praise a video for, and whether they ask for more, by phrases of a closed list.

English comments alone are searched. Both measures come from comments under videos of all
kinds: precision from 55 read by hand for each kind (`tests/evaluation/viewer_precision.csv`), the
usual shares from all English ones (`resources/viewer_shares.toml`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from workers.insights.documents import ViewerKind, ViewerTheme
from workers.insights.evidence import EvidenceLog
from workers.insights.sentiment.comments import people, said_by
from workers.insights.sentiment.language import ENGLISH
from workers.insights.sentiment.opinions import ReadComment
from workers.insights.sentiment.phrases import phrases_of
from workers.insights.statistics import wilson
from workers.insights.vocabulary import read_resource

MIN_VIEWERS = 3
# Under videos of all kinds: `python -m tests.evaluation.viewers DATA` prints the file.
_MEASURED = read_resource("viewer_shares.toml")
USUAL_COMMENTS: int = _MEASURED["comments"]
USUAL: dict[str, float] = _MEASURED["shares"]
# Share of right hits among the 55; a test and the evaluation compare it with the sheet.
PRECISION = {
    "explanation": 0.945,
    "laughing": 0.818,
    "helpful": 0.927,
    "calming": 0.891,
    "song": 0.909,
    "food": 0.836,
    "requests": 0.855,
}
CAVEAT = (
    "What viewers say is found by English phrases; of those read by hand, "
    f"{100 * min(PRECISION.values()):.0f} to {100 * max(PRECISION.values()):.0f} % were right. "
    f"The usual shares come from {USUAL_COMMENTS:,} comments of another platform."
)
SAID: dict[str, str] = {
    "explanation": "praise how it is explained",
    "laughing": "laugh or call it funny",
    "helpful": "say that it helped or taught them",
    "calming": "call it calming or satisfying",
    "song": "praise the music",
    "food": "say that the food looks good, or want to cook it",
    "requests": "ask for more, or for a certain video",
}


def viewers(read: Sequence[ReadComment], log: EvidenceLog) -> tuple[ViewerTheme, ...]:
    """What three viewers or more say, the most frequent first."""
    searched = [
        item for item in read if item.comment.kind == "comment" and item.counted.language == ENGLISH
    ]
    found: dict[str, list[ReadComment]] = {name: [] for name in USUAL}
    for item in searched:
        for name, _ in phrases_of("viewers.toml").find(item.counted.text):
            found[name].append(item)
    themes = [
        _theme(cast("ViewerKind", name), hits, len(searched), log)
        for name, hits in found.items()
        if people(item.comment for item in hits) >= MIN_VIEWERS
    ]
    return tuple(sorted(themes, key=lambda theme: (-theme.n, theme.kind)))


def _theme(
    kind: ViewerKind, hits: Sequence[ReadComment], searched: int, log: EvidenceLog
) -> ViewerTheme:
    share = len(hits) / searched
    low, high = wilson(share, searched)
    who = said_by(item.comment for item in hits)
    evidence = log.add("comment", f"{who} {SAID[kind]}.", [item.ref for item in hits], label=kind)
    return ViewerTheme(
        kind=kind,
        n=len(hits),
        of=searched,
        share=round(share, 3),
        ci95=(round(low, 3), round(high, 3)),
        usual=USUAL[kind],
        precision=PRECISION[kind],
        evidence_ids=(evidence,),
    )
