"""The three most useful findings of a pack: what is so, and what to film for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from workers.insights.documents import Finding, NextStep
from workers.insights.pack import next_steps
from workers.insights.pack.inputs import PackInputs
from workers.insights.pack.proposals import Thing, named_do
from workers.insights.pack.said import About
from workers.insights.pack.statements import Statement, pattern_name

MAX_FINDINGS = 3


def findings(
    given: PackInputs,
    things: Sequence[Thing],
    found: Mapping[str, Statement],
    first: Thing | None,
) -> tuple[tuple[Finding, tuple[About, ...]], ...]:
    """The most useful first: what the first script is about. Each cites evidence of its own."""
    taken: set[tuple[str, ...]] = set()
    kept: list[tuple[Finding, tuple[About, ...]]] = []
    made = [*_of_posts(given, found), *_of_things(things), *_of_words(given, found)]
    if first is not None:
        made.sort(key=lambda each: each[1][0].subject != first.about[0].subject)
    for finding, about in made:
        if finding.evidence_ids not in taken and len(kept) < MAX_FINDINGS:
            taken.add(finding.evidence_ids)
            kept.append((finding, about))
    return tuple(kept)


def covers(finding: Finding, step: NextStep) -> bool:
    """Whether the step is about nothing that the finding is not about."""
    return bool(step.evidence_ids) and set(step.evidence_ids) <= set(finding.evidence_ids)


def _of_posts(
    given: PackInputs, found: Mapping[str, Statement]
) -> Iterator[tuple[Finding, tuple[About, ...]]]:
    """What the creator's own posts show, with what to do about it."""
    steps = list(next_steps.use_patterns(given))
    for pattern, step in zip(given.patterns, steps, strict=True):
        yield _finding(found[pattern_name(pattern)], step)
    if _is_below(given) and "ratio" in found:
        yield from (_finding(found["ratio"], step) for step in next_steps.compare_best(given))
    if "shared_more" in found:
        shared = next_steps.compare_shared(given)
        yield from (_finding(found["shared_more"], step) for step in shared)


def _is_below(given: PackInputs) -> bool:
    """Whether the post has fewer views than usual, beyond its interval."""
    interval = given.virality.stands_out.ratio_interval
    return interval is not None and interval[1] < 1


def _of_things(things: Sequence[Thing]) -> Iterator[tuple[Finding, tuple[About, ...]]]:
    for thing in things:
        if thing.demo is not None:
            finding = Finding(text=thing.why, do=thing.demo, evidence_ids=thing.evidence_ids)
            yield finding, thing.about


def _of_words(
    given: PackInputs, found: Mapping[str, Statement]
) -> Iterator[tuple[Finding, tuple[About, ...]]]:
    """What many name, where nothing else is known to be more useful."""
    for place, named in enumerate(given.named):
        said = found[f"word{place}"]
        do = named_do(given, named)
        yield Finding(text=said.summary, do=do, evidence_ids=named.evidence_ids), said.about


def _finding(statement: Statement, step: NextStep) -> tuple[Finding, tuple[About, ...]]:
    finding = Finding(text=statement.summary, do=step.text, evidence_ids=step.evidence_ids)
    return finding, statement.about
