"""The evidence of a pack in the pack's language, said anew from the findings that it is cited by.

Results keep their evidence in English. A pack's has the same ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workers.insights.documents import Comparable, Comparison, Evidence, Risk
from workers.insights.evidence import EvidenceLog, shorten
from workers.insights.pack.inputs import CLAIMED, PackInputs
from workers.insights.pack.said import APART, TURNED, About, Said
from workers.insights.pack.statements import pattern_name, seasonal, statements, topic_text
from workers.insights.virality.compared import Compared
from workers.insights.vocabulary import OVERALL


def localised(given: PackInputs, log: EvidenceLog) -> dict[str, Evidence]:
    """What a pack may cite, by id."""
    items = {item.id: item for item in log.items()}
    return {
        name: items[name].model_copy(update={"paraphrase": shorten(text)})
        for name, text in _paraphrases(given)
    }


def comparables(given: PackInputs) -> tuple[Comparable, ...]:
    """The posts that stood out, with `why` in the pack's language."""
    return tuple(
        post.model_copy(update={"why": _sentence(why(given, post))})
        for post in sorted(given.examples, key=lambda each: -each.ratio)
    )


def compared_title(given: PackInputs, found: Compared) -> str:
    return given.words.say(f"compared.{found.groups}", n=found.n, other_n=found.other_n)


def comparisons(
    given: PackInputs, said: Said, to_come: Iterable[About]
) -> tuple[tuple[Comparison, tuple[About, ...]], ...]:
    """What differs between the creator's posts beyond chance, and can be acted on.

    That nothing does is worth a line only where no other line names a difference, be it said or
    `to_come` in the summary.
    """
    found, words = given.compared, given.words
    if found is None or (found.groups == "halves" and given.silent_days):
        return ()
    group, is_turned = (TURNED, True) if found.groups == "halves" else (APART, False)
    rows = [row for row in found.rows if row.is_choice and (is_turned or not said.knows(row.name))]
    about = [About(f"{group}:{row.name}", 1 if row.left > row.right else -1) for row in rows]
    texts = [
        words.say(
            f"compared.{row.name}",
            left=_side(given, row.left, row.n, is_count=row.is_count),
            right=_side(given, row.right, row.other_n, is_count=row.is_count),
        )
        for row in rows
    ]
    is_named = said.knows(APART) or About(APART, 1) in to_come
    if not rows and (is_turned or is_named):
        return ()
    what = (
        words.say("compared.different", text="; ".join(texts))
        if texts
        else words.say("compared.nothing")
    )
    text = f"{compared_title(given, found)} {what}"
    about.append(About(group, 1 if texts else 0))
    return ((Comparison(text=text, evidence_ids=found.evidence_ids), tuple(about)),)


def _side(given: PackInputs, value: float, n: int, *, is_count: bool) -> str:
    if is_count:
        return f"{given.words.number(value)}/{given.words.number(n)}"
    return given.words.number(value, 0 if value == int(value) else 1)


def risks(given: PackInputs) -> tuple[Risk, ...]:
    return tuple(
        risk.model_copy(update={"title": given.words.say(f"risks.{risk.kind}")})
        for risk in given.sentiment.risks
    )


def why(given: PackInputs, post: Comparable) -> str:
    """What makes a post an example."""
    words, (low, high) = given.words, post.ratio_interval
    fields = {
        "ratio": words.number(post.ratio, 1),
        "low": words.number(low, 1),
        "high": words.number(high, 1),
    }
    if post.basis == "creator_median":
        parts = [words.say("comparables.own", n=post.n, **fields)]
    else:
        parts = [words.say("comparables.followers", **fields)]
    if post.hook != "none":
        opening = words.say(f"openings.{post.hook}")
        parts.append(words.say("comparables.opening", opening=opening))
    if post.duration_s:
        parts.append(words.say("comparables.length", seconds=words.number(post.duration_s)))
    if post.views is not None:
        parts.append(words.say("comparables.views", views=post.views))
    if post.posted_on is not None:
        parts.append(words.say("comparables.posted", date=words.date(post.posted_on)))
    link = given.links.get(post.evidence_id)
    if link is not None and given.profile is None:
        # Whoever asks about a product has not posted the videos that show it.
        is_of_others = link.kind == "own" and given.case != "own_video"
        kind = "creator" if is_of_others else link.kind
        parts.append(words.say(f"comparables.link_{kind}", tag=link.word))
    return ", ".join(parts)


def _paraphrases(given: PackInputs) -> Iterator[tuple[str, str]]:
    words = given.words
    for theme in given.sentiment.themes:
        if theme.kind in CLAIMED and theme.aspect not in (None, OVERALL):
            fields = {"counts": given.said_in(theme), **words.aspect(theme.aspect or OVERALL)}
            key = "flaw" if given.is_flaw(theme) else theme.kind
            for name in theme.evidence_ids:
                yield name, words.say(f"evidence.{key}", **fields)
    for risk in given.sentiment.risks:
        fields = {"title": words.say(f"risks.{risk.kind}"), "counts": given.counts(risk.n)}
        for name in risk.evidence_ids:
            yield name, words.say("evidence.risk", **fields)
    yield from _of_seasons(given)
    yield from _of_the_page(given)
    yield from _of_topics(given)
    for post in given.examples:
        yield post.evidence_id, words.say("evidence.post", why=why(given, post))
    if given.profile is not None and given.profile.opening is not None:
        shared = given.profile.opening
        opening = words.say(f"openings.{shared.hook}")
        yield (
            shared.evidence_id,
            words.say("evidence.shared_opening", n=shared.k, opening=opening),
        )
    if given.compared is not None:
        for name in given.compared.evidence_ids:
            yield name, compared_title(given, given.compared).rstrip(" :\u00a0\u202f")
    yield from _of_the_video(given)
    yield from _as_stated(given)


def _of_seasons(given: PackInputs) -> Iterator[tuple[str, str]]:
    found = seasonal(given)
    if found is not None:
        yield from ((name, found.why) for name in found.evidence_ids)


def _of_topics(given: PackInputs) -> Iterator[tuple[str, str]]:
    for topic in given.topics:
        for name in topic.evidence_ids:
            yield name, topic_text(given, topic)


def _of_the_page(given: PackInputs) -> Iterator[tuple[str, str]]:
    for fact in given.facts.facts:
        yield fact.evidence_id, fact.states
    if given.facts.claim is not None:
        yield given.facts.claim.evidence_id, given.facts.claim.states
    if given.facts.kind is not None:
        yield given.facts.kind.evidence_id, given.facts.kind.states


def _as_stated(given: PackInputs) -> Iterator[tuple[str, str]]:
    """Findings that the summary states: what it says is what they show."""
    found, cited = statements(given), given.virality
    ids = {
        "overall": given.sentiment.overall.evidence_ids,
        "open": given.sentiment.overall.evidence_ids,
        "shared_more": given.profile.shared_evidence if given.profile else (),
        "stars": given.sentiment.stars.evidence_ids if given.sentiment.stars else (),
        "shown_stars": given.sentiment.stars.evidence_ids if given.sentiment.stars else (),
        "more_shown": given.sentiment.stars.evidence_ids if given.sentiment.stars else (),
        "intent": given.sentiment.purchase_intent.evidence_ids,
        "shares": [name for driver in cited.drivers for name in driver.evidence_ids],
        "spoken": cited.video.evidence_ids if cited.video else (),
        "pace": cited.openings.evidence_ids if cited.openings else (),
        **{pattern_name(pattern): pattern.evidence_ids for pattern in cited.patterns},
        **{f"viewers_{theme.kind}": theme.evidence_ids for theme in given.sentiment.viewers},
        **{f"word{place}": named.evidence_ids for place, named in enumerate(given.named)},
    }
    for statement, names in ids.items():
        for name in names if statement in found else ():
            yield name, found[statement].summary


def _of_the_video(given: PackInputs) -> Iterator[tuple[str, str]]:
    words, found, growing = given.words, given.virality.stands_out, given.virality.still_growing
    if found.ratio is not None and found.ratio_interval is not None:
        low, high = found.ratio_interval
        key = "ratio" if found.basis == "creator_median" else "ratio_estimated"
        ratio = words.number(found.ratio, 1)
        what = words.say("format.the_video")
        if found.basis == "creator_median":
            fields = words.ratio(found.ratio, low, high) | {"what": what}
            key = "ratio_newest" if given.case == "profile" else key
            text = words.say(f"evidence.{key}", n=found.n, **fields)
        else:
            ends = {"low": words.number(low, 1), "high": words.number(high, 1)}
            text = words.say(f"evidence.{key}", ratio=ratio, **ends)
        for name in found.evidence_ids:
            yield name, text
    if growing.percentile is not None:
        share = words.percent(growing.percentile / 100)
        for name in growing.evidence_ids:
            yield name, words.say("evidence.growing", share=share, n=growing.n)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
