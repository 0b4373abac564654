"""From a collection to results and a pack. Pure: clock and key are arguments, nothing is fetched.

No caption, comment or page text is in what it returns: words come from the closed vocabulary and
the templates. Single words are there if many people's comments name them. Names are the product's,
its brand's, hashtags and titles of sounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, TypeVar

from workers.insights import confidence
from workers.insights.documents import (
    Dropped,
    Engine,
    Grounding,
    Language,
    Locale,
    NamedWord,
    NotRead,
    Overall,
    PackConfiguration,
    Sample,
    SentimentSummary,
    Subject,
    ViralityBreakdown,
    Window,
)
from workers.insights.evidence import EvidenceLog, check, cited_ids, pseudonym
from workers.insights.inputs import Collection, Labels, Video
from workers.insights.pack.cases import case_of
from workers.insights.pack.facts import (
    search_name,
    short_name,
    shown_name,
    spoken_name,
    stated_facts,
)
from workers.insights.pack.inputs import PackInputs
from workers.insights.pack.kinds import spoken_kind
from workers.insights.pack.meaning import prototypes
from workers.insights.pack.numbers import check_numbers
from workers.insights.pack.words import words_in
from workers.insights.pack.writer import IRONY, write_pack
from workers.insights.sentiment import (
    aspects,
    language,
    named_words,
    opinions,
    themes,
    topics,
    viewers,
)
from workers.insights.sentiment.comments import Counted, Prepared, prepare, said_by
from workers.insights.sentiment.embedding import Vectors
from workers.insights.sentiment.engine import EMBEDDED, Scorer, read
from workers.insights.sentiment.opinions import ReadComment
from workers.insights.sentiment.totals import total_of
from workers.insights.virality import transcript
from workers.insights.virality.breakdown import examine, named_product, subject_of
from workers.insights.virality.comparables import (
    STANDOUT_RATIO,
    Link,
    comparable,
    link_of,
    links,
    standouts,
)
from workers.insights.virality.compared import Compared, compared
from workers.insights.virality.profile import Profile, profile_of
from workers.insights.virality.stands_out import Outlier, outliers

AnyDocument = TypeVar("AnyDocument", SentimentSummary, ViralityBreakdown, PackConfiguration)

VERSION = "2.0"
MAX_NAMED_LANGUAGES = 4
_UNCHECKED = Grounding(claims=0, cited=0, verified=0, dropped=0)


@dataclass(frozen=True, slots=True)
class Result:
    type: str
    content: dict[str, Any]
    engine: str


@dataclass(frozen=True, slots=True)
class Pack:
    """`evidence` is all that a pack could cite, in its language; only what it cites is stored."""

    name: str
    configuration: dict[str, Any]
    score: float | None
    evidence: list[dict[str, Any]] = field(default_factory=list, repr=False)


@dataclass(frozen=True, slots=True)
class Analysis:
    results: tuple[Result, ...]
    pack: Pack


@dataclass(frozen=True, slots=True)
class _Run:
    """What the parts of one analysis share."""

    product_name: str
    collection: Collection
    scorer: Scorer
    labels: Labels
    engine: Engine
    log: EvidenceLog
    now: datetime
    ref_key: bytes
    outliers: Mapping[str, Outlier]  # of the collection's posts
    vectors: Vectors = field(default_factory=Vectors)

    @property
    def own(self) -> list[Video]:
        """The posts of the creator asked about."""
        return [video for video in self.collection.videos if video.role != "niche"]


def load_models() -> None:
    """Reads a few words once: what an analysis needs is loaded by its first use, and kept."""
    read(["The lamp is good."], [True])
    prototypes()
    aspects.find(["Where can I buy it?"])
    language.detect_languages(["me encanta"])
    named_words.load()


def analyse(
    collection: Collection,
    *,
    product_name: str,
    now: datetime,
    ref_key: bytes,
    scorer: Scorer | None = None,
    labels: Labels = MappingProxyType({}),
    locale: Locale = "en",
) -> Analysis:
    """Deterministic in its arguments. Takes CPU, so a job runs it in a child process.

    `locale` is the language of the pack; results are in English.
    `labels` are a language model's, `scorer` says which. Comments that have none are read by the
    embedded engine.
    """
    scorer = scorer or EMBEDDED
    engine = _engine(collection, scorer, ref_key)
    log = EvidenceLog(ref_key)
    found = outliers(collection.videos, now)
    run = _Run(product_name, collection, scorer, labels, engine, log, now, ref_key, found)
    name = shown_name(product_name)
    feelings, virality = _sentiment(run), _virality(run, name)
    caveats = tuple(dict.fromkeys((*feelings.caveats, *virality.caveats)))
    case, words = case_of(collection, feelings, virality), words_in(locale)
    is_profile = case == "profile"
    brand = collection.product.brand if collection.product else None
    facts = stated_facts(collection.product, log, words, name, run.vectors)
    kind = spoken_kind(name, facts.kind.name if facts.kind else None)
    given = PackInputs(
        case=case,
        words=words,
        product_name=name,
        spoken_name=spoken_name(name),
        short_name=short_name(name, brand),
        facts=facts,
        sentiment=feelings,
        virality=virality,
        profile=_profile(run) if is_profile else None,
        engine=engine,
        caveats=caveats,
        now=now,
        links=_links(run),
        kind=kind if collection.subject_is_product else None,
        search_name=search_name(words, name, brand, kind),
        compared=_compared(run, virality) if case in {"own_video", "profile"} else None,
        hashtags=_hashtags(run),
        newest=_newest(run),
        asked_on=_asked_on(run),
    )
    written = write_pack(given, log, _UNCHECKED)
    pack = _grounded(written)
    check_numbers(pack, given, collection.product)
    return Analysis(
        results=(
            Result("sentiment_summary", _json(feelings), f"{scorer.name}/{scorer.version}"),
            Result(
                "virality_breakdown", _json(virality), f"{virality.stands_out.method}/{VERSION}"
            ),
        ),
        pack=Pack(
            words.say("pack_name", product=name),
            _json(pack),
            pack.stands_out.value,
            [item.model_dump(mode="json") for item in written.evidence],
        ),
    )


def _links(run: _Run) -> dict[str, Link]:
    subject = subject_of(run.collection.videos)
    return links(run.outliers, subject, run.log, named_product(run.collection))


def _hashtags(run: _Run) -> dict[str, tuple[str, ...]]:
    """Of each post that stood out, by its evidence."""
    return {
        comparable(outlier, run.log).evidence_id: outlier.video.hashtags
        for outlier in standouts(run.outliers, None)
    }


def _newest(run: _Run) -> datetime | None:
    """The time of the newest post of the creator asked about."""
    return max((video.created_at for video in run.own if video.created_at), default=None)


def _asked_on(run: _Run) -> date | None:
    subject = subject_of(run.collection.videos)
    return subject.created_at.date() if subject and subject.created_at else None


def _compared(run: _Run, virality: ViralityBreakdown) -> Compared | None:
    """Of the creator asked about: of the video's, or of most of the profile's posts."""
    videos, subject = run.own, subject_of(run.own)
    authors = Counter(video.author.ref for video in videos)
    if not authors:
        return None
    author = subject.author.ref if subject else authors.most_common(1)[0][0]
    return compared(
        run.collection.videos,
        run.outliers,
        author,
        has_turned=any(pattern.kind.startswith("level") for pattern in virality.patterns),
        log=run.log,
    )


def _profile(run: _Run) -> Profile | None:
    return profile_of(run.collection.videos, run.outliers, run.log)


def _sentiment(run: _Run) -> SentimentSummary:
    collection, vectors = run.collection, run.vectors
    subject = next((video for video in collection.videos if video.role == "subject"), None)
    stated, caption = (subject.language, subject.text) if subject else (None, "")
    prepared = prepare(collection.comments, stated, caption)
    read = opinions.read_comments(prepared, run.labels, vectors)
    counted = {item.ref for item in read}
    not_read = [item for item in prepared.not_read if item.comment.ref not in counted]
    found = total_of([item.opinion for item in read])
    seen = () if collection.subject_is_product else viewers.viewers(read, run.log)
    names = [run.product_name, *([collection.product.name] if collection.product else [])]
    said = themes.find(read, names, vectors)
    is_calibrated = run.scorer.is_calibrated
    overall = opinions.overall(found, read, run.log, is_calibrated=is_calibrated)
    stars, aspects_found = opinions.stars(read, run.log), themes.aspects(said, run.log)
    themes_found = themes.themes(said, run.log)
    intent, risks = themes.purchase_intent(said, run.log), themes.risks(said, run.log)
    found_topics = topics.topics(read, names, run.log) if collection.subject_is_product else ()
    told = {str(theme.kind) for theme in seen if theme.ci95[0] > theme.usual}
    told |= {theme.aspect for theme in themes_found if theme.carries_claims and theme.aspect}
    named = _named_words(run, read, told, overall, vectors)
    document = SentimentSummary(
        subject=_subject(run),
        sample=_sample(collection, prepared, read, not_read),
        overall=overall,
        stars=stars,
        aspects=aspects_found,
        themes=themes_found,
        purchase_intent=intent,
        risks=risks,
        viewers=seen,
        topics=found_topics,
        words=named,
        evidence=run.log.items(),
        confidence=confidence.of_sentiment(
            found, said_by(item.comment for item in read), is_calibrated=is_calibrated
        ),
        grounding=_UNCHECKED,
        engine=run.engine,
        caveats=(
            *collection.caveats,
            *_sentiment_caveats(read, not_read, run.scorer),
            *([viewers.CAVEAT] if seen else []),
            *([named_words.CAVEAT] if named else []),
        ),
        as_of=run.now,
    )
    return _grounded(document)


def _named_words(
    run: _Run,
    read: Sequence[ReadComment],
    told: set[str],
    overall: Overall,
    vectors: Vectors,
) -> tuple[NamedWord, ...]:
    """What else comments under a video are about. Reviews of a product have their topics."""
    if run.collection.subject_is_product:
        return ()
    captions = [text for video in run.own for text in (video.text, *video.hashtags)]
    known = named_words.Known(told, captions)
    usual = overall.ci95 if run.scorer.is_calibrated else None
    return named_words.named_words(read, known, usual, vectors, run.log)


def _virality(run: _Run, name: str) -> ViralityBreakdown:
    found = examine(run.collection, run.now, run.log)
    spoken = _spoken(run, name)
    document = ViralityBreakdown.model_validate(
        {
            **found.fields,
            **spoken,
            "evidence": run.log.items(),
            "confidence": confidence.of_virality(found.stands_out),
            "grounding": _UNCHECKED,
            "engine": run.engine,
            "caveats": (
                *run.collection.caveats,
                *found.caveats,
                *([transcript.BASIS] if any(spoken.values()) else []),
            ),
            "as_of": run.now,
        }
    )
    return _grounded(document)


def _spoken(run: _Run, name: str) -> dict[str, object]:
    """What is said in the video asked about, and how the posts that stood out begin."""
    videos, product = run.collection.videos, run.collection.product
    names = transcript.product_names(spoken_name(name), product.brand if product else None)
    subject = subject_of(videos)
    stood_out = [
        outlier.video
        for outlier in run.outliers.values()
        if outlier.ratio >= STANDOUT_RATIO
        and (subject is None or outlier.video.ref != subject.ref)
        and link_of(outlier.video, subject, named_product(run.collection))
    ]
    return {
        "video": transcript.structure(subject, names, run.log) if subject else None,
        "openings": transcript.openings(stood_out, names, run.log),
    }


def _subject(run: _Run) -> Subject:
    return Subject(
        source_kind=run.collection.source_kind,
        pseudonym=pseudonym(run.ref_key, "subject", run.collection.subject_url),
    )


def _grounded(document: AnyDocument) -> AnyDocument:
    """Keeps only the evidence that the document cites, and counts what was checked."""
    findings = document.model_dump(mode="json", exclude={"evidence"})
    grounding = check(findings, document.evidence)
    cited = cited_ids(findings)
    kept = tuple(item for item in document.evidence if item.id in cited)
    return document.model_copy(update={"grounding": grounding, "evidence": kept})


def _sample(
    collection: Collection,
    prepared: Prepared,
    read: Sequence[ReadComment],
    not_read: Sequence[Counted],
) -> Sample:
    times = [comment.created_at for comment in collection.comments if comment.created_at]
    known = Counter(prepared.languages)
    reviews = sum(item.comment.kind == "review" for item in read)
    return Sample(
        collected=prepared.collected,
        analysed=len(read),
        dropped=Dropped.model_validate(prepared.dropped),
        not_read=NotRead(
            n=len(not_read), languages=language.names_of(item.language for item in not_read)
        ),
        languages=tuple(
            Language(code=code, share=round(n / known.total(), 3))
            for code, n in known.most_common(5)
        ),
        comments=len(read) - reviews,
        reviews=reviews,
        window=Window(start=min(times, default=None), end=max(times, default=None)),
        partial=collection.partial,
    )


def _sentiment_caveats(
    read: Sequence[ReadComment], not_read: Sequence[Counted], scorer: Scorer
) -> tuple[str, ...]:
    caveats = []
    if not_read:
        caveats.append(_not_read_caveat(not_read))
    if read:
        if not scorer.is_calibrated:
            caveats.append(
                "A language model read the comments; how often it errs here was not measured."
            )
        caveats.append(IRONY)
    return tuple(caveats)


def _not_read_caveat(not_read: Sequence[Counted]) -> str:
    """ "42 comments in Indonesian and Vietnamese were not read."."""
    codes = [item.language for item in not_read]
    names = list(language.names_of(codes))
    if len(names) > MAX_NAMED_LANGUAGES:
        names = [*names[:MAX_NAMED_LANGUAGES], "other languages"]
    unknown = codes.count(language.UNKNOWN)
    if unknown and "other languages" not in names:
        one = "a language that was" if unknown == 1 else "languages that were"
        names.append(f"{one} not recognised")
    *first, last = names
    where = f"{', '.join(first)} and {last}" if first else last
    verb = "was" if len(not_read) == 1 else "were"
    return f"{said_by(item.comment for item in not_read)} in {where} {verb} not read."


def _engine(collection: Collection, scorer: Scorer, ref_key: bytes) -> Engine:
    """The hash covers the URL, the videos with their views, and the ids of the comments.

    It does not cover texts or facts.
    """
    items = [f"{video.ref}:{video.views}" for video in collection.videos]
    items += [comment.ref for comment in collection.comments]
    return Engine(
        provider="embedded",
        model=scorer.name,
        version=VERSION,
        input_hash=pseudonym(ref_key, "input", "|".join((collection.subject_url, *items))),
    )


def _json(document: SentimentSummary | ViralityBreakdown | PackConfiguration) -> dict[str, Any]:
    return document.model_dump(mode="json", by_alias=True)
