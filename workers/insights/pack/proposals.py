"""What a pack proposes to film: hooks to open with, angles, and timed beats for each angle.

Each proposal is about one thing: what people ask, praise or complain about, or what the page
states. A hook takes the kind of opening that posts which stood out have, where there is one for
its thing.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median_low
from typing import Literal, get_args

from workers.insights.documents import (
    Angle,
    Beat,
    EvidenceIds,
    HookRetention,
    HookType,
    NamedWord,
    PackHook,
    ScriptTemplate,
    Theme,
)
from workers.insights.pack.facts import BUCKET, StatedFact
from workers.insights.pack.inputs import CLAIMED, PackInputs, is_blamed
from workers.insights.pack.kinds import shot
from workers.insights.pack.said import APART, About
from workers.insights.pack.statements import (
    LEAST_ALIKE,
    about_named,
    about_pattern,
    about_theme,
    about_viewers,
    both_sides,
    conflicting,
    miscounted_fields,
    named_fields,
    pattern_fields,
    shared_fields,
    stars_fields,
    topic_fields,
    topic_text,
    viewers_fields,
)
from workers.insights.pack.words import half_up
from workers.insights.sentiment.topics import topic_words

MAX_HOOKS = 5
EFFECT = "effect"  # the aspect that is about keeping a promise
MAX_FACT_HOOKS = 2
MAX_ANGLES = 3
MAX_SCRIPTS = 2
MAX_VIEWERS, MAX_TOPICS = 2, 1
MOST_SAID = 3  # before the stars of the page
LEAST_PRAISE = 5  # say it, before it is filmed rather than a test of the product
AGAINST = 2.0  # what a complaint weighs beside a praise
SHORTEST, LONGEST = 8, 60  # seconds of a script
BeatKind = Literal["hook", "problem", "demo", "proof", "payoff", "cta"]
USUAL = 20  # seconds, where nobody's length is known
LEAST_FULL = 15  # seconds: a shorter script has no verdict of its own
HOOK, PAYOFF, CTA = 3, 3, 2  # seconds; the test has what is left
LEAST_DEMO = 8
# Shots that take longer, waiting already sped up.
DEMO_SECONDS = {"claim": 10, "spec_assembly": 12, "stars": 10, "topic": 8, "test": 12}
WORDS_A_SECOND = 3.3
LEAST_PIECES = 10  # fewer need no counting on camera
LONG_WORD = 12  # letters: a longer word counts twice
LEAST_FOR_SCRIPT = 3  # facts, where nothing else is known
# Facts that make a hook, the most telling first.
_FACTS = (
    "auction", "spec_warranty", "spec_assembly", "spec_load_side", "spec_runtime", "spec_noise",
    "spec_water",
    "spec_pressure",
    "spec_flow", "spec_load", "volume", "length_like", "large", "spec_pieces", "spec_tank",
    "spec_batteries", "length", "price", "spec_wash", "rating", "spec_childlock", "spec_cable",
    "spec_intake", "spec_weight", "weight", "material",
)  # fmt: skip
# What the page states about what people speak of.
_STATED: dict[str, tuple[str, ...]] = {
    "price": ("price",),
    "size": ("length_like", "large", "length", "volume", "size"),
    "quality": ("spec_warranty", "material"),
    "durability": ("spec_warranty", "material"),
    "battery": ("spec_runtime", "spec_charging"),
    "sound": ("spec_noise",),
    "cleaning": ("spec_wash",),
}
# Those that a camera sees measured. The others it only sees at work.
_MEASURED = frozenset((
    "spec_runtime", "spec_noise", "spec_flow", "spec_tank", "spec_weight", "spec_charging",
    "spec_pieces", "spec_cable", "volume", "length", "length_like", "large", "weight",
))  # fmt: skip
# Those that a shot can show, beside price and stars, which a page shows itself.
SHOWN_FACTS = tuple(
    subject
    for subject in _FACTS
    if subject not in {"auction", "price", "rating", "material", "weight", "spec_weight"}
)
_GROUPS = {
    "spec_assembly": "assembly",
    "spec_batteries": "batteries",
    "spec_childlock": "childlock",
}
_ANSWERS = frozenset(_GROUPS)
_GROUPS |= {"spec_load_side": "load_side", "spec_warranty": "warranty", "spec_weight": "weight"}
_ONLY_TENSE = frozenset({"spec_warranty", "spec_weight", "weight"})
# The first picture of a script, by what it tests.
_FRAMES = {
    "auction": "auction", "price": "price", "spec_assembly": "assembly", "spec_weight": "weight",
    "weight": "weight", "spec_pressure": "washer", "spec_batteries": "batteries",
    "spec_warranty": "warranty", "large": "large",
}  # fmt: skip
_CLAIM_FRAMES = {
    ("", "springs"): "springs",
    ("", "shade"): "shade",
    ("pressure_washer", "control"): "washer",
    ("bird_feeder", "resists"): "squirrel",
}
_KINDS: dict[str, Literal["price", "auction", "fact", "seen"]] = {
    "price": "price",
    "auction": "auction",
}
# Words and numbers, as they are said one by one.
_SAID = re.compile(r"\d+(?:[.,\u202f]\d+)*|[^\W\d]+(?:['\u2019-][^\W\d]+)*|[€$£×%★]")
_TYPES: tuple[HookType, ...] = get_args(HookType)


@dataclass(frozen=True, slots=True)
class Thing:
    """`group` names its hooks, `kind` its angle and beats; `fields` fill all of its texts.

    `hook` names the one text that opens it, where its kind of opening is given.
    """

    group: str
    kind: Literal[
        "question", "pain", "flaw", "praise", "divided", "price", "fact", "seen", "claim",
        "viewers", "again", "tagged", "stars", "topic", "auction", "best", "shade", "shared",
        "test", "named",
    ]  # fmt: skip
    subject: str
    why: str
    demo: str | None  # None: nothing to show, so no angle
    fields: Mapping[str, object]
    evidence_ids: EvidenceIds
    hook: str | None = None
    frame: str = "default"  # the first picture of its script
    seconds: float | None = None  # of the post that it goes on from
    is_tense: bool = False  # a stated fact that buyers notice
    about: tuple[About, ...] = ()  # by default its kind and subject are one subject

    def __post_init__(self) -> None:
        if not self.about:
            object.__setattr__(self, "about", (About(f"{self.kind}:{self.subject}"),))


@dataclass(frozen=True, slots=True)
class Proposals:
    """`things` are those that the hooks are about, in the same order.

    `first` is the one to film first: the first script is about it.
    """

    things: tuple[Thing, ...]
    first: Thing | None
    hooks: tuple[PackHook, ...]
    angles: tuple[Angle, ...]
    scripts: tuple[ScriptTemplate, ...]


def propose(given: PackInputs, chooser: random.Random) -> Proposals:
    """`chooser` picks among openings of equal worth."""
    things = _things(given)
    # The stated facts of a page are enough for a script if they are several.
    has_script = len(things) >= LEAST_FOR_SCRIPT or any(
        thing.kind not in {"fact", "seen", "price"} or thing.is_tense for thing in things
    )
    if not has_script:
        things = [replace(each, demo=None) if each.kind == "price" else each for each in things]
    hooks = tuple(_hooks(given, things, chooser))
    shown = [
        (thing, hook) for thing, hook in zip(things, hooks, strict=True) if thing.demo is not None
    ]
    angles, scripts = [], []
    for number, (thing, hook) in enumerate(shown[:MAX_ANGLES], start=1):
        angle = _angle(given, thing, f"a{number}")
        angles.append(angle)
        if has_script:
            scripts.append(
                (
                    number > MAX_SCRIPTS and _is_talk(thing),
                    _script(given, thing, hook, angle, f"t{number}"),
                    thing,
                )
            )
    # The first two; then what a camera sees, before what somebody tells.
    scripts.sort(key=lambda pair: pair[0])
    return Proposals(
        tuple(things),
        scripts[0][2] if scripts else None,
        hooks,
        tuple(angles),
        tuple(script for _, script, _ in scripts[:MAX_SCRIPTS]),
    )


def _is_talk(thing: Thing) -> bool:
    return thing.kind in {"stars", "price"} or thing.group in {"warranty", "several"}


def _things(given: PackInputs) -> list[Thing]:
    """What contradicts itself comes first: that is what viewers stop for."""
    stated = [*_facts(given)]
    if given.is_auction:  # nobody holds the thing before the end
        return [thing for thing in stated if thing.kind == "auction"]
    viewers = [*_viewers(given)]
    posts = [*_shared(given), *_own_posts(given)]
    said = [*_said(given), *posts, *viewers[:1], *_best_post(given), *viewers[1:]]
    stars = [*_stars(given), *_miscounted(given)]
    claim = [*_claim(given)]
    if claim and claim[0].subject not in {"fabric", "shade"}:
        # The claim says what the effect is.
        said = [t for t in said if not (t.kind in CLAIMED and t.subject == EFFECT)]
    shade = [thing for thing in claim if thing.kind == "shade"]
    # The name of a material is worth a look only where nothing else is known.
    test = [*_test(given)]
    claim = [t for t in claim if t not in shade and not (t.subject == "fabric" and (said or test))]
    tense = [thing for thing in stated if thing.is_tense]
    calm = [thing for thing in stated if not thing.is_tense]
    if said or stars:
        calm = calm[: max(0, MAX_FACT_HOOKS - len(tense))]
    faint = [thing for thing in said[1:] if _is_faint(thing)]
    others = [thing for thing in said[1:] if thing not in faint]
    spoken_of = [*shade, *stars, *said[:1], *tense[:1], *claim, *others]
    things = [*spoken_of, *test, *faint, *tense[1:], *calm][:MAX_HOOKS]
    things = things or [*_named(given)][:1]
    has_test = any(thing.demo is not None and thing.kind != "price" for thing in things)
    # Prices are opened with, and filmed only where nothing else is.
    return [
        replace(thing, demo=None) if has_test and thing.kind == "price" else thing
        for thing in things
    ]


def _is_faint(thing: Thing) -> bool:
    """Praise by so few that a test of the product shows more."""
    said = thing.fields.get("k")
    return thing.kind == "praise" and isinstance(said, int) and said < LEAST_PRAISE


def _test(given: PackInputs) -> Iterator[Thing]:
    """What a camera settles in one take, for the kind of thing that the name says it is."""
    kind, words = given.facts.kind, given.words
    if kind is None or given.facts.of("stock") or given.case not in {"shop_product", "no_comments"}:
        return
    parts = ("noun", "name", "hook", "shot")
    said = {part: words.say(f"kind_tests.{kind.name}.{part}") for part in parts}
    price = given.facts.of("price")
    yield Thing(
        group="test",
        kind="test",
        subject=kind.name,
        why=kind.states,
        demo=said["shot"],
        fields={
            "product": given.short_name,
            "states": kind.states,
            "label": _opened(said["name"]),
            **said,
            **({"price": price.text} if price is not None else {}),
        },
        evidence_ids=(kind.evidence_id,),
        hook=f"kind_tests.{kind.name}.hook",
        frame="test",
    )


def _said(given: PackInputs) -> list[Thing]:
    """Questions first, then what weighs most: how many say it, and what speaks against it twice."""
    weighed = [*_themes(given), *_topics(given)]
    weighed.sort(key=lambda pair: (pair[1].kind != "question", -pair[0]))
    return [thing for _, thing in weighed]


def _topics(given: PackInputs) -> Iterator[tuple[float, Thing]]:
    """What reviews speak of, with the stars that they give."""
    words, taken = given.words, set[str]()
    for topic in given.topics:
        group = topic_words()[topic.name].group
        if group in taken:
            continue  # one shot shows both
        taken.add(group)
        fields, low = topic_fields(given, topic), is_blamed(topic)
        why = topic_text(given, topic)
        thing = Thing(
            group="topic_low" if low else "topic",
            kind="topic",
            subject=topic.name,
            why=why,
            demo=shot(
                words, given.kind, f"topic_{group}", f"topic_shots.{group}", noun=fields["noun"]
            ),
            frame="dog_view" if (given.kind, group) == ("dog_seat", "view") else "topic",
            fields=fields | {"why": why},
            evidence_ids=topic.evidence_ids,
            hook=_own_hook(given, f"topic_{group}"),
            about=(About(f"topic:{topic.name}"),),
        )
        yield topic.n * (AGAINST if low else 1), thing


def _themes(given: PackInputs) -> Iterator[tuple[float, Thing]]:
    """One per aspect."""
    conflict, taken = conflicting(given), set()
    for theme in given.themes():
        if theme.aspect is None or theme.aspect in taken:
            continue
        taken.add(theme.aspect)
        weight = theme.n * (1 if theme.kind == "praise" and not given.against(theme) else AGAINST)
        yield weight, _of_theme(given, theme, is_conflict=theme == conflict)


def _of_theme(given: PackInputs, theme: Theme, *, is_conflict: bool) -> Thing:
    words, kind, evidence = given.words, theme.kind, theme.evidence_ids
    if kind not in ("question", "pain", "praise") or theme.aspect is None:
        raise ValueError("no claim may rest on it")
    fields: dict[str, object] = {
        "product": given.short_name,
        "who": given.who(theme.n),
        "counts": given.said_in(theme),
        "k": theme.n,
        **words.aspect(theme.aspect),
    }
    other = given.against(theme)
    is_flaw = given.is_flaw(theme)
    shown: Literal["question", "pain", "flaw", "praise", "divided"] = "flaw" if is_flaw else kind
    if other is not None:
        shown, evidence = "divided", (*evidence, *other.evidence_ids)
        fields |= both_sides(given, theme, other)
    group = str(shown) if given.case == "shop_product" else "reply"
    why = f"why.{shown}"
    if is_conflict and given.page_stars is not None:
        group, why = (group, why) if is_flaw else ("conflict", "why.conflict")
        fields["stars"] = words.number(given.page_stars, 1)
        rating = given.facts.of("rating")
        evidence = (*evidence, rating.evidence_id) if rating else evidence
    fact = given.facts.about(*_STATED.get(theme.aspect, ()))
    return Thing(
        group=group,
        kind=shown,
        subject=theme.aspect,
        why=" ".join([words.say(why, **fields), *([fact.states] if fact else [])]),
        demo=shot(words, given.kind, theme.aspect, f"aspects.{theme.aspect}.demo"),
        frame="price" if theme.aspect == "price" else "default",
        fields=fields,
        evidence_ids=(*evidence, fact.evidence_id) if fact else evidence,
        about=(about_theme(given, theme),),
    )


def _stars(given: PackInputs) -> Iterator[Thing]:
    """The page's stars against those of the reviews that it shows."""
    fields, rating = stars_fields(given), given.facts.of("rating")
    shown = given.sentiment.stars
    if fields is None or rating is None or shown is None:
        return
    why = given.words.say(
        "summaries.shown_stars",
        **fields | {"all_reviews": fields["reviews"]},
    )
    yield Thing(
        group="stars",
        kind="stars",
        subject="rating",
        why=why,
        demo=given.words.say("demos.stars"),
        frame="stars",
        fields=fields | {"why": why},
        evidence_ids=(rating.evidence_id, *shown.evidence_ids),
    )


def _miscounted(given: PackInputs) -> Iterator[Thing]:
    """A page that shows more reviews than it counts, with other stars."""
    fields, rating = miscounted_fields(given), given.facts.of("rating")
    shown = given.sentiment.stars
    if fields is None or rating is None or shown is None:
        return
    why = given.words.say("summaries.more_shown", **fields)
    yield Thing(
        group="stars",
        kind="stars",
        subject="rating",
        why=why,
        demo=given.words.say("demos.more_shown", **fields),
        fields=fields | {"why": why},
        evidence_ids=(rating.evidence_id, *shown.evidence_ids),
        hook="hooks.stars.question",
        frame="stars",
    )


def _viewers(given: PackInputs) -> Iterator[Thing]:
    """What clearly more viewers write than under other videos."""
    if given.case in {"shop_product", "no_comments"}:
        return
    for theme in given.viewers[:MAX_VIEWERS]:
        fields = viewers_fields(given, theme)
        why = given.words.say("summaries.viewers", **fields)
        fields["why"] = why
        yield Thing(
            group="viewers",
            kind="viewers",
            subject=theme.kind,
            why=why,
            demo=given.words.say(f"viewers.{theme.kind}.do"),
            fields=fields | {"product": given.short_name},
            evidence_ids=theme.evidence_ids,
            hook=f"viewers.{theme.kind}.hook",
            frame="viewers",
            about=(about_viewers(given, theme),),
        )


def _named(given: PackInputs) -> Iterator[Thing]:
    """A word that many name: what they mean by it, nobody knows but its reader."""
    for named in given.named:
        fields = named_fields(given, named)
        yield Thing(
            group="named",
            kind="named",
            subject=named.word,
            why=str(fields["why"]),
            demo=named_do(given, named),
            fields=fields | {"product": given.short_name},
            evidence_ids=named.evidence_ids,
            hook="hooks.named.social_proof",
            frame="named",
            about=(about_named(named),),
        )


def named_do(given: PackInputs, named: NamedWord) -> str:
    """What to film for a word that many name."""
    return given.words.say(f"named.{named.kind}", word=named.word)


def _own_posts(given: PackInputs) -> Iterator[Thing]:
    """A hashtag of the creator that goes with views, or that of the best post."""
    tagged = [pattern for pattern in given.patterns if pattern.tag is not None]
    for pattern in tagged[:MAX_TOPICS]:
        fields = pattern_fields(given, pattern)
        why = given.words.say(f"summaries.{pattern.kind}", **fields)
        # A topic that posts have already is no second part of one of them.
        kind: Literal["again", "tagged"] = "again" if pattern.kind == "again" else "tagged"
        post = given.post_with(pattern.tag or "") if kind == "again" else None
        date = given.words.date(post.posted_on) if post is not None and post.posted_on else ""
        yield Thing(
            group=kind,
            kind=kind,
            subject=pattern.tag or "",
            why=why,
            demo=given.words.say(f"demos.{kind}", **fields),
            fields=fields | {"why": why, "product": given.short_name, "date": date},
            evidence_ids=pattern.evidence_ids,
            hook=f"hooks.{kind}.story",
            frame="own" if date else "default",
            seconds=post.duration_s if post is not None else None,
            about=about_pattern(given, pattern),
        )


def _best_post(given: PackInputs) -> Iterator[Thing]:
    """The sequel of the creator's own best post, where no hashtag of it is taken up."""
    if given.case not in {"own_video", "profile"} or any(p.kind == "again" for p in given.patterns):
        return
    words, post = given.words, given.best_own
    if post is not None and post.posted_on and post.duration_s:
        if any(p.seconds and p.seconds < post.duration_s for p in given.patterns):
            return  # shorter posts do better: a sequel of this length would speak against that
        low, high = post.ratio_interval
        fields: dict[str, object] = {
            "product": given.short_name,
            "date": words.date(post.posted_on),
            "ratio": words.number(post.ratio, 1),
            "low": words.number(low, 1),
            "high": words.number(high, 1),
            "seconds": words.number(post.duration_s),
        }
        why = words.say("summaries.best", **fields)
        length = max(SHORTEST, post.duration_s)
        is_long = length > post.duration_s
        said = {**fields, "seconds": words.number(length)}
        yield Thing(
            group="best",
            kind="best",
            subject="best",
            why=why,
            demo=words.say("demos.best_short" if is_long else "demos.best", **said),
            fields=fields | {"why": why},
            evidence_ids=(post.evidence_id,),
            hook="hooks.best.story",
            frame="own",
            seconds=length,
            about=(About("best", 1, str(fields["ratio"])),),
        )


def _best_date(given: PackInputs) -> str:
    best = given.best_own
    return given.words.date(best.posted_on) if best is not None and best.posted_on else ""


def _shared(given: PackInputs) -> Iterator[Thing]:
    """One more post to pass on, where those that stand out are shared more."""
    profile, words, date = given.profile, given.words, _best_date(given)
    if profile is None or profile.shared is None or not date:
        return
    fields = shared_fields(given, profile) | {"product": given.short_name, "date": date}
    why = words.say("summaries.shared_more", **fields)
    yield Thing(
        group="shared",
        kind="shared",
        subject="shared",
        why=why,
        demo=words.say("demos.shared", **fields),
        fields=fields | {"why": why},
        evidence_ids=profile.shared_evidence,
        hook="hooks.shared.story",
        frame="own",
        about=(About("shares", 1, str(fields["ratio"])), About(APART, 1)),
    )


def _claim(given: PackInputs) -> Iterator[Thing]:
    """What the product's name promises, or a colour in it that the page contradicts."""
    claim = given.facts.claim
    if claim is not None and not given.facts.of("stock"):
        is_shade = claim.kind == "shade"
        yield Thing(
            group=claim.kind if claim.kind in {"several", "shade"} else "claim",
            kind="shade" if is_shade else "claim",
            subject=claim.kind,
            why=claim.states,
            demo=shot(given.words, given.kind, claim.kind, f"claims.{claim.kind}"),
            fields={
                "product": given.short_name,
                "claim": claim.said,
                "text": claim.text,
                "states": claim.states,
            },
            evidence_ids=(claim.evidence_id,),
            hook=_own_hook(given, claim.kind),
            frame=_claim_frame(given.kind or "", claim.kind),
        )


def _why_fact(
    given: PackInputs, fact: StatedFact, subject: str, fields: Mapping[str, object]
) -> str:
    if fact.kind == "material":
        return given.words.say("states.material", **fields)
    if subject == "spec_warranty":
        return f"{_opened(given.words.say('headlines.warranty', **fields))}."
    return fact.states


def _own_hook(given: PackInputs, name: str) -> str | None:
    """The opening of this kind of product, where there is one."""
    key = f"kind_hooks.{given.kind}.{name}"
    return key if given.words.knows(key) else None


def _claim_frame(kind: str, claim: str) -> str:
    return _CLAIM_FRAMES.get((kind, claim)) or _CLAIM_FRAMES.get(("", claim), "default")


def _facts(given: PackInputs) -> Iterator[Thing]:
    """One of each subject. Nobody is sent to a shop that has none."""
    is_conflict = conflicting(given) is not None
    by_subject = {fact.subject: fact for fact in reversed(given.facts.facts)}
    for subject in _FACTS:
        fact = by_subject.get(subject)
        left_out = (
            (subject in _ONLY_TENSE and fact is not None and not fact.is_tense)
            or (subject == "spec_pieces" and fact is not None and _is_few(fact))
            or (subject == "price" and given.facts.of("stock"))
            or (
                subject == "rating"
                and (is_conflict or given.page_stars is None or stars_fields(given) is not None)
            )
        )
        if fact is None or left_out:
            continue
        same = [each for each in given.facts.facts if each.subject == subject]
        same = same if subject == "material" else [fact]
        # "not included" says nothing without its name.
        is_answer = subject in _ANSWERS
        text = given.words.joined(
            each.text if is_answer else each.said or each.text for each in same
        )
        fields: dict[str, object] = {
            "product": given.short_name,
            "text": text,
            "states": fact.states,
            "like": fact.like or "",
            "name": fact.name or "",
            "size": fact.text,
            "seconds": fact.seconds or 0,
            "litres": BUCKET,
            "label": _opened(f"{fact.name}: {text}" if fact.name else text),
        }
        if given.facts.stars is not None:
            fields["stars"] = given.words.number(given.facts.stars, 1)
            fields["reviews"] = given.words.say("counts.reviews", n=given.facts.reviews)
        demo = f"demos.{subject}"
        yield Thing(
            group=_GROUPS.get(subject, "spec" if subject.startswith("spec_") else subject),
            frame=_FRAMES.get(subject, "default"),
            is_tense=fact.is_tense,
            hook=_own_hook(given, subject.removeprefix("spec_"))
            or _kind_fact(given, f"{subject}_hook"),
            kind=_KINDS.get(subject, "fact" if subject in _MEASURED else "seen"),
            subject=fact.kind,
            why=_why_fact(given, fact, subject, fields),
            demo=_fact_shot(given, subject, demo, fields) if given.words.knows(demo) else None,
            fields=fields,
            evidence_ids=tuple(each.evidence_id for each in same),
        )


def _kind_fact(given: PackInputs, name: str) -> str | None:
    """The text for a fact of this kind of product, where there is one."""
    kind = given.facts.kind
    key = f"kind_facts.{kind.name}.{name}" if kind is not None else ""
    return key if given.words.knows(key) else None


def _fact_shot(given: PackInputs, subject: str, general: str, fields: Mapping[str, object]) -> str:
    key = _kind_fact(given, subject)
    if key is not None:
        return given.words.say(key, **fields)
    return shot(given.words, given.kind, subject.removeprefix("spec_"), general, **fields)


def _is_few(fact: StatedFact) -> bool:
    """Whether anybody counts the pieces at a glance."""
    return fact.said.isdigit() and int(fact.said) < LEAST_PIECES


def _hooks(
    given: PackInputs, things: Sequence[Thing], chooser: random.Random
) -> Iterator[PackHook]:
    """Openings of posts that stood out first; among others, those not used yet."""
    counted = Counter(post.hook for post in given.examples)
    shown = {item.hook: item for item in given.virality.retention}
    used: Counter[HookType] = Counter()
    for number, thing in enumerate(things, start=1):
        types = _types_of(given, thing)
        if thing.hook is not None or thing.group == "reply":
            types = [_REPLIES.get(thing.kind, "demo")]
        alike = [kind for kind in types if counted[kind] >= LEAST_ALIKE and not used[kind]]
        fewest = min(used[kind] for kind in types)
        kind = (
            max(alike, key=lambda each: counted[each])
            if alike
            else chooser.choice([each for each in types if used[each] == fewest])
        )
        used[kind] += 1
        why, evidence, retention = thing.why, thing.evidence_ids, None
        basis: Basis = _BASES[thing.kind]
        if alike:
            posts = [post for post in given.examples if post.hook == kind]
            opening = given.words.say(f"openings.{kind}")
            n = len(given.examples)
            why += " " + given.words.say("why.outliers", k=len(posts), n=n, opening=opening)
            evidence = (*evidence, *(post.evidence_id for post in posts))
            basis = "outliers"
            if kind in shown:
                kept = shown[kind]
                retention = HookRetention(mean=kept.mean, ci95=kept.ci95, n=kept.n)
                why += " " + retention_text(given)
        yield PackHook(
            id=f"h{number}",
            type=kind,
            text=_opened(
                given.words.say(
                    thing.hook or f"hooks.{thing.group}.{kind}",
                    **{**thing.fields, "this": given.this},
                )
            ),
            why=why,
            basis=basis,
            retention=retention,
            evidence_ids=evidence,
        )


Basis = Literal["outliers", "question", "theme", "topic", "fact", "viewers", "own_posts"]
_BASES: dict[str, Basis] = {
    "question": "question",
    "pain": "theme",
    "flaw": "theme",
    "praise": "theme",
    "divided": "theme",
    "price": "fact",
    "fact": "fact",
    "seen": "fact",
    "claim": "fact",
    "viewers": "viewers",
    "named": "viewers",
    "again": "own_posts",
    "tagged": "own_posts",
    "stars": "fact",
    "topic": "topic",
    "auction": "fact",
    "shade": "fact",
    "best": "own_posts",
    "shared": "own_posts",
    "test": "fact",
}
_REPLIES: dict[str, HookType] = {
    "question": "question",
    "pain": "problem",
    "flaw": "problem",
    "praise": "social_proof",
    "divided": "comparison",
    "viewers": "social_proof",
    "named": "social_proof",
    "again": "story",
    "tagged": "story",
    "best": "story",
    "shared": "story",
    "stars": "contrarian",
    "topic": "question",
    "claim": "question",
    "shade": "contrarian",
    "seen": "comparison",
    "fact": "demo",
    "test": "question",
}


def _opened(text: str) -> str:
    """With a capital: a text may begin with a name of ours."""
    return text[0].upper() + text[1:]


def _types_of(given: PackInputs, thing: Thing) -> list[HookType]:
    return [kind for kind in _TYPES if given.words.knows(f"hooks.{thing.group}.{kind}")]


def retention_text(given: PackInputs) -> str:
    """What captions with a hook kept, beside those without. Kinds do not differ measurably."""
    kept = {item.hook: item for item in given.virality.retention}
    without = kept["none"]
    hook = next(item for item in given.virality.retention if item.hook != "none")
    return given.words.say(
        "retention.text",
        mean=given.words.number(hook.mean, 2),
        n=hook.n,
        other_mean=given.words.number(without.mean, 2),
        other_n=without.n,
    )


def _angle(given: PackInputs, thing: Thing, name: str) -> Angle:
    said = {
        part: given.words.say(f"angles.{thing.kind}.{part}", **thing.fields)
        for part in ("title", "promise", "proof")
    }
    kind = {"flaw": "pain", "seen": "fact"}.get(thing.kind, thing.kind)
    theme = f"{kind}:{thing.subject}"
    return Angle(id=name, theme=theme, evidence_ids=thing.evidence_ids, **said)


def _script(
    given: PackInputs, thing: Thing, hook: PackHook, angle: Angle, name: str
) -> ScriptTemplate:
    def beat(part: str) -> str:
        key = f"beats.{thing.group}.{part}"
        key = key if given.words.knows(key) else f"beats.{thing.kind}.{part}"
        if "price" in thing.fields and given.words.knows(f"{key}_price"):
            key = f"{key}_price"
        return given.words.say(key, **thing.fields)

    said = {
        "hook": hook.text,
        "demo": given.words.say("format.quote", text=beat("middle")),
        "payoff": beat("payoff"),
        "cta": given.words.say("beats.reply.cta") if thing.group == "reply" else beat("cta"),
    }
    frame = given.words.say(f"frames.{thing.frame}", **thing.fields)
    shots = {"hook": frame, "demo": thing.demo or ""}
    seconds = _seconds(given, thing)
    beats = tuple(
        Beat(
            from_s=start,
            to_s=end,
            kind=kind,
            text=said[kind],
            on_screen={"hook": beat("screen"), "demo": beat("middle_screen")}.get(kind, ""),
            shot=shots.get(kind, ""),
        )
        for kind, start, end in _timed(said["hook"], seconds)
    )
    return ScriptTemplate(id=name, angle_id=angle.id, duration_s=seconds, beats=beats)


def _timed(hook: str, seconds: int) -> Iterator[tuple[BeatKind, int, int]]:
    """Kind, start and end of each beat. A short script has no time for a verdict in words."""
    start = max(HOOK, math.ceil(spoken_seconds(hook)))
    end = seconds - CTA
    yield "hook", 0, start
    if seconds >= LEAST_FULL:
        yield "demo", start, end - PAYOFF
        yield "payoff", end - PAYOFF, end
    else:
        yield "demo", start, end
    yield "cta", end, seconds


def spoken_seconds(text: str) -> float:
    """How long it takes to say a line. Each digit of a number and each long word takes longer."""
    words = 0
    for token in _SAID.findall(text):
        digits = sum(char.isdigit() for char in token)
        words += digits + any(char in ".," for char in token) if digits else 1
        words += not digits and len(token) > LONG_WORD
    return words / WORDS_A_SECOND


def _seconds(given: PackInputs, thing: Thing) -> int:
    """As long as the post that it goes on from; else as the creator's or the niche's better posts.

    A test gets the time that it takes.
    """
    if thing.seconds:
        # No pack says that shorter posts do better, and scripts a longer one.
        seconds = min(thing.seconds, given.short_seconds or thing.seconds)
        return min(LONGEST, max(SHORTEST, int(half_up(seconds))))
    length = _usual_seconds(given) or USUAL
    if given.case in {"shop_product", "no_comments"}:
        need = DEMO_SECONDS.get(thing.kind, LEAST_DEMO)
        if thing.group == "assembly":
            need = DEMO_SECONDS["spec_assembly"]
        length = max(length, HOOK + 1 + need + PAYOFF + CTA)
    return min(LONGEST, max(SHORTEST, int(half_up(length))))


def _usual_seconds(given: PackInputs) -> float | None:
    lengths = [post.duration_s for post in given.own_posts or given.examples if post.duration_s]
    # A length that one of them has: between short and long ones nothing stood out.
    return given.short_seconds or (median_low(lengths) if lengths else None)
