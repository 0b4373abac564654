"""Do posts with this kind of opening, or of this length, do better than their creators usually do?

Measured and shrunken like hashtags. The kinds are ours, so no word of a caption is among them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from workers.insights.baseline import Outlier
from workers.insights.evidence import EvidenceLog
from workers.insights.hooks import hook_type
from workers.insights.inputs import Video
from workers.insights.lifts import measure_all, measured_fields
from workers.insights.virality_shapes import PatternKind, PatternLift

# Upper ends in seconds, and what a post of that length is called.
LENGTHS = ((10, "under 10 s"), (20, "10 to 20 s"), (40, "20 to 40 s"), (90, "40 to 90 s"))
LONGEST = "over 90 s"


def patterns(found: Mapping[str, Outlier], log: EvidenceLog) -> tuple[PatternLift, ...]:
    return (*_lifts("hook", _hook, found, log), *_lifts("length", _length, found, log))


def _hook(video: Video) -> str | None:
    kind = hook_type(video.text)
    return kind if kind != "none" else None


def _length(video: Video) -> str | None:
    seconds = video.duration_seconds
    if not seconds:
        return None
    return next((name for end, name in LENGTHS if seconds < end), LONGEST)


def _lifts(
    kind: PatternKind,
    name_of: Callable[[Video], str | None],
    found: Mapping[str, Outlier],
    log: EvidenceLog,
) -> list[PatternLift]:
    groups: defaultdict[str, list[Outlier]] = defaultdict(list)
    for outlier in found.values():
        name = name_of(outlier.video)
        if name is not None:
            groups[name].append(outlier)
    return [
        PatternLift(kind=kind, name=m.name, **measured_fields(m, f"the {kind} “{m.name}”", log))
        for m in measure_all(groups, found)
    ]
