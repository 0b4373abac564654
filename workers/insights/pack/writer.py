"""A virality pack: what a creator reads, in the language of the account.

Written from the two results and the stated facts, seeded by the input: the same collection gives
the same pack. A line is there only if something rests on it; where nothing is known, the next steps
say how to know more.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta

from workers.insights import confidence
from workers.insights.documents import (
    Card,
    Confidence,
    Fact,
    Finding,
    Freshness,
    Grounding,
    Inputs,
    NextStep,
    PackConfiguration,
    PackHook,
    PackStandsOut,
    PackStillGrowing,
    Risk,
)
from workers.insights.evidence import EvidenceLog
from workers.insights.pack import paraphrases
from workers.insights.pack.cases import CASES, Case
from workers.insights.pack.decision import decision
from workers.insights.pack.findings import MAX_FINDINGS, covers, findings
from workers.insights.pack.inputs import PackInputs
from workers.insights.pack.kinds import shot
from workers.insights.pack.next_steps import MAX_STEPS
from workers.insights.pack.proposals import EFFECT, MAX_ANGLES, Proposals, Thing, propose
from workers.insights.pack.said import About, Said
from workers.insights.pack.statements import (
    Statement,
    is_age,
    is_too_wide,
    most_telling,
    statements,
)
from workers.insights.sentiment import language
from workers.insights.virality.breakdown import HOOKS_GUESSED, OF_POSTS, OF_RETENTION, WATCH_TIME

MOST_SENTENCES = 6
MAX_NAMED_LANGUAGES = 4
MAX_CARDS_OF_A_KIND = 3
_FILMED = frozenset({"film_theme", "film_fact"})  # the findings are chosen among the same
# Steps that a pack with a script leaves out.
_OF_CREATOR = frozenset({"read_comments"})
_OF_PRODUCT = _OF_CREATOR | {"add_competitor", "connect_tiktok", "film_fact"}
_OF_PRODUCTS = frozenset({"shop_product", "no_comments"})
IRONY = "Irony is often misread; single labels are weak, totals are usable."
_WITHOUT = frozenset({"film_fact"})
_STATED = frozenset({"fact", "seen", "price"})
_COSMETIC = frozenset({"skin", "makeup", "hair"})  # kinds of which effects are easily promised


def write_pack(given: PackInputs, log: EvidenceLog, grounding: Grounding) -> PackConfiguration:
    """`log` already holds the evidence of both results: their ids stay valid in the pack."""
    return compose(given, log, grounding)[0]


def compose(
    given: PackInputs, log: EvidenceLog, grounding: Grounding
) -> tuple[PackConfiguration, Said]:
    """A pack, and the list of what it says about what."""
    chooser = random.Random(given.engine.input_hash)  # noqa: S311 - variety, not secrecy
    case, found = CASES[given.case], statements(given)
    proposals, said = propose(given, chooser), Said()
    is_out = given.facts.of("stock") is not None
    if proposals.hooks and not proposals.scripts and given.facts.facts and not is_out:
        found["no_script"] = Statement("no_script", given.words.say("summaries.no_script"))
    # Without a script, or sold out, a page's fact is no film idea.
    is_idle = is_out or (_is_bare(given) and not proposals.scripts)
    filmed = [each for each in proposals.things if not (is_idle and each.kind in _STATED)]
    findings_about = findings(given, filmed, found, proposals.first)
    told = tuple(finding for finding, _ in findings_about)
    steps = _next_steps(given, case, told, proposals)
    decided, about = _headline(given, found, case, findings_about, proposals.first)
    said.add("headline", *about)
    for _, lines in findings_about:
        said.add("finding", *lines)
    for thing in proposals.things:
        said.add("hook", *thing.about)
    if proposals.first is not None:
        said.add("script", *proposals.first.about)
    said.add("facts", *_needless(given, proposals, about))
    to_come = [each for name in case.summary if name in found for each in found[name].about]
    compared = paraphrases.comparisons(given, said, to_come)
    for _, lines in compared:
        said.add("compared", *lines)
    told_shares = _shares_told(given, found)
    summary = _summary(found, case, steps, said)
    risks = paraphrases.risks(given)
    facts = tuple(
        Fact(kind=fact.kind, text=fact.text, evidence_id=fact.evidence_id)
        for fact in given.facts.facts
    )
    pack = PackConfiguration(
        inputs=Inputs(locale=given.words.locale),
        case=given.case,
        locale=given.words.locale,
        headline=decided,
        summary=summary,
        findings=told,
        stands_out=_stands_out(given),
        still_growing=_still_growing(given),
        hooks=proposals.hooks,
        facts=facts,
        angles=proposals.angles,
        script_templates=proposals.scripts,
        tags=given.virality.tags,
        disclosure=None,
        comparables=paraphrases.comparables(given),
        compared=tuple(comparison for comparison, _ in compared),
        risks=risks,
        dos=tuple(_dos(given, told, proposals)),
        donts=tuple(_donts(given, risks, proposals)),
        next_steps=steps,
        evidence=tuple(paraphrases.localised(given, log).values()),
        cards=_cards(
            case,
            {
                "stands_out": ["stands_out"] * (given.virality.stands_out.value is not None),
                "sentiment": ["overall"] * bool(given.sentiment.sample.analysed),
                "hooks": [hook.id for hook in proposals.hooks],
                "facts": ["facts"] * bool(facts),
                "angles": [angle.id for angle in proposals.angles],
                "script": [script.id for script in proposals.scripts[:1]],
                "risks": ["risks"] * bool(risks),
                "next_steps": ["next_steps"] * bool(steps),
            },
        ),
        freshness=_freshness(given),
        confidence=_confidence(given),
        grounding=grounding,
        engine=given.engine,
        caveats=tuple(
            _caveats(
                given,
                has_retention=_has_retention(proposals.hooks, steps),
                has_shares=told_shares,
            )
        ),
    )
    return pack, said


def _is_bare(given: PackInputs) -> bool:
    """Whether nothing is known but what the page states."""
    return given.case == "no_comments" and not given.is_auction


def _headline(
    given: PackInputs,
    found: dict[str, Statement],
    case: Case,
    told: Sequence[tuple[Finding, tuple[About, ...]]],
    first: Thing | None,
) -> tuple[str, tuple[About, ...]]:
    """What to film first and why; without a script the first finding, or what is most telling."""
    words, product = given.words, given.spoken_name
    decided = decision(given, first, found)
    if decided is not None:
        text, about = decided
        return words.say("format.headline", product=product, said=text), about
    cited = {name for topic in given.topics for name in topic.evidence_ids}
    is_own = given.case in {"own_video", "profile"}
    if told and (is_own or cited & set(told[0][0].evidence_ids)):
        finding, about = told[0]
        same = [each for each in found.values() if each.about == about and each.headline]
        own = next((each.headline for each in same if is_own), None)
        text = own or words.say("headlines.topic", said=finding.text.rstrip("."))
        return words.say("format.headline", product=product, said=text), about
    telling = most_telling(found, case.headline)
    text = (telling.headline if telling is not None else None) or words.say("headlines.nothing")
    about = telling.about if telling is not None else ()
    return words.say("format.headline", product=product, said=text), about


def _summary(
    found: dict[str, Statement],
    case: Case,
    steps: Sequence[NextStep],
    said: Said,
) -> str:
    """What no other line says, in six sentences at most; of nothing, the first step."""
    sentences: list[str] = []
    for statement in (found[name] for name in case.summary if name in found):
        if len(sentences) < MOST_SENTENCES and not said.knows(statement.about[0].subject):
            said.add("summary", *statement.about)
            sentences.append(statement.summary)
    return " ".join(sentences or [step.text for step in steps[:1]])


def _needless(
    given: PackInputs, proposals: Proposals, headline: Sequence[About]
) -> Iterator[About]:
    """What the summary need not say, since another part of the pack shows all of it."""
    yield from (about for about in headline if about.subject in {"age", "rating"})
    if given.case == "no_comments" and proposals.scripts:
        yield About("price")  # stands among the facts
    is_silent = _is_bare(given) and proposals.first is None and not given.facts.reviews
    is_few = given.sentiment.overall.ci95 is None and given.sentiment.sample.analysed
    if given.is_auction or is_few or (is_silent and given.facts.facts):
        yield About("overall")  # nobody reviews a lot; a step or the headline tells what is missing


def _shares_told(given: PackInputs, found: dict[str, Statement]) -> bool:
    """Whether the summary says how many are positive. Stars of the same reviews are surer."""
    return given.sentiment.overall.ci95 is not None and "stars" not in found


def _next_steps(
    given: PackInputs, case: Case, told: Sequence[Finding], proposals: Proposals
) -> tuple[NextStep, ...]:
    """Those that no finding already is. A product with a script needs less to be known."""
    unasked: frozenset[str] = frozenset()
    if proposals.scripts and not given.is_auction:
        unasked = _OF_PRODUCT if given.case in _OF_PRODUCTS else _OF_CREATOR
    elif _is_bare(given) and not proposals.scripts:
        unasked = _WITHOUT
    steps = [step for make in case.steps for step in make(given)]
    left = [
        step
        for step in steps
        if not any(covers(finding, step) for finding in told)
        and not (step.kind in _FILMED and len(told) == MAX_FINDINGS)
    ]
    kept = [step for step in left if step.kind not in unasked]
    if not kept and given.case in _OF_PRODUCTS:
        kept = left[-1:]
    return tuple(kept[:MAX_STEPS])


def _stands_out(given: PackInputs) -> PackStandsOut:
    found = given.virality.stands_out
    return PackStandsOut(
        value=found.value,
        band=found.band,
        interval=found.interval,
        confidence=given.virality.confidence.level,
        evidence_ids=found.evidence_ids,
    )


def _still_growing(given: PackInputs) -> PackStillGrowing:
    found = given.virality.still_growing
    return PackStillGrowing(
        status=found.status,
        percentile=found.percentile,
        reason=given.words.translated(found.reason) or found.reason,
        evidence_ids=found.evidence_ids,
    )


def _dos(given: PackInputs, told: Sequence[Finding], proposals: Proposals) -> Iterator[str]:
    """A shot for each aspect that people speak of and neither a finding nor a hook is about."""
    if len(told) == MAX_FINDINGS:
        return
    aspects = dict.fromkeys(theme.aspect for theme in given.themes() if theme.aspect is not None)
    if given.facts.claim is not None:
        aspects.pop(EFFECT, None)  # the claim's test shows it
    for thing in proposals.things:
        aspects.pop(thing.subject, None)
    shots = {finding.do for finding in told}
    for aspect in list(aspects)[:MAX_ANGLES]:
        words = given.words.aspect(aspect)
        demo = shot(given.words, given.kind, aspect, f"aspects.{aspect}.demo")
        if demo not in shots:
            said = given.words.say("dos.aspect", **words | {"demo": demo})
            yield said[0].upper() + said[1:]


def _donts(given: PackInputs, risks: Sequence[Risk], proposals: Proposals) -> Iterator[str]:
    """What the findings speak against. Praise that is claimed by a hook is never among it."""
    words = given.words
    stock = given.facts.of("stock")
    if stock is not None:
        yield words.say("donts.stock", text=stock.text)
    if any(thing.kind == "test" and thing.subject in _COSMETIC for thing in proposals.things):
        yield words.say("donts.effect")
    for theme in given.themes():
        pain = theme if theme.kind == "pain" else given.against(theme)
        if pain is not None and pain.aspect is not None:
            fields = {"who": given.who(pain.n), **words.aspect(pain.aspect)}
            yield words.say("donts.pain", **fields)
    for risk in risks:
        if risk.severity == "high":
            yield words.say("donts.risk", title=risk.title, n=risk.n)


def _cards(case: Case, refs: dict[str, list[str]]) -> tuple[Card, ...]:
    """Only of what is there, in the order of the case."""
    shown = [(kind, ref) for kind in case.cards for ref in refs[kind][:MAX_CARDS_OF_A_KIND]]
    return tuple(
        Card.model_validate({"kind": kind, "ref": ref, "order": order})
        for order, (kind, ref) in enumerate(shown, start=1)
    )


def _freshness(given: PackInputs) -> Freshness:
    """A rising video changes by the day; what people say about a product by the month."""
    days = {"heating": 2, "steady": 7}.get(given.virality.stage, 14)
    return Freshness(as_of=given.now, expires_at=given.now + timedelta(days=days))


def _confidence(given: PackInputs) -> Confidence:
    """The combined level of both results, with its reasons in the pack's language."""
    combined = confidence.combined((given.sentiment.confidence, given.virality.confidence))
    return combined.model_copy(update={"reasons": tuple(_reasons(given))})


def _reasons(given: PackInputs) -> Iterator[str]:
    words, overall, found = given.words, given.sentiment.overall, given.virality.stands_out
    if overall.ci95 is None or overall.distribution_ci95 is None:
        yield words.say("confidence.few_comments")
    else:
        yield words.say("confidence.counted", counts=given.counts(overall.n))
        if not is_too_wide(overall.distribution_ci95.positive):
            shares = given.shares.positive if given.shares else overall.distribution_ci95.positive
            low, high = (words.percent(end) for end in shares)
            yield words.say("confidence.between", low=low, high=high)
        if overall.ci95[0] <= 0 <= overall.ci95[1]:
            yield words.say("confidence.open")
        if not overall.calibrated:
            yield words.say("confidence.unmeasured")
    if found.interval is None:
        yield words.say("confidence.nothing")
        return
    own = found.basis == "creator_median"
    yield words.say("confidence.own", n=found.n) if own else words.say("confidence.followers")
    yield words.say("confidence.place", low=found.interval[0], high=found.interval[1])


def _has_retention(hooks: Sequence[PackHook], steps: Sequence[NextStep]) -> bool:
    return any(hook.retention for hook in hooks) or any(s.kind == "write_hook" for s in steps)


def _unsaid(given: PackInputs, *, has_retention: bool, has_shares: bool) -> set[str]:
    """Caveats of what this pack does not say, or of what its reader has."""
    has_posts = given.virality.format is not None or bool(given.examples)
    unsaid = {*(() if has_posts else OF_POSTS), *(() if has_retention else OF_RETENTION)}
    if all(post.hook == "none" for post in given.examples):
        unsaid.add(HOOKS_GUESSED)
    if given.case in {"own_video", "profile"}:
        unsaid.add(WATCH_TIME)  # the reader is their creator
    if not has_shares and not given.sentiment.themes:
        unsaid.add(IRONY)
    return unsaid


def _caveats(given: PackInputs, *, has_retention: bool, has_shares: bool) -> Iterator[str]:
    """Of what the pack says, in its language. Those that have no text there are counted."""
    words, not_read = given.words, given.sentiment.sample.not_read
    unsaid = _unsaid(given, has_retention=has_retention, has_shares=has_shares)
    unknown = 0
    for caveat in given.caveats:
        if caveat in unsaid or is_age(caveat):  # the summary begins with the age
            continue
        said = words.translated(caveat)
        if said is not None:
            yield said
        elif words.locale == "en":
            yield caveat
        elif not (not_read.n and caveat.endswith("not read.")):
            unknown += 1
    if not_read.n and words.locale != "en":
        named = _languages(given)
        key = "caveats.not_read" if named else "caveats.not_recognised_left"
        counts = given.counts(not_read.n, None)
        yield words.say(key, n=not_read.n, languages=named, counts=counts)
    if unknown:
        yield words.say("caveats.others", n=unknown)


def _languages(given: PackInputs) -> str:
    """Their codes: names of languages differ from language to language."""
    codes = {name: code for code, name in language.NAMES.items()}
    named = given.sentiment.sample.not_read.languages[:MAX_NAMED_LANGUAGES]
    return ", ".join(codes[name] for name in named)
