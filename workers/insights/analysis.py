"""From a collection to results and a pack. Pure: clock and key are arguments, nothing is fetched.

No caption, comment or page text is in what it returns: words come from the closed vocabulary and
the templates; names are the product's, its brand's, hashtags and titles of sounds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

from workers.insights import confidence
from workers.insights.documents import (
    Dropped,
    Engine,
    Grounding,
    Language,
    PackConfiguration,
    Sample,
    SentimentSummary,
    Subject,
    ViralityBreakdown,
    Window,
)
from workers.insights.evidence import EvidenceLog, check, cited_ids, pseudonym
from workers.insights.inputs import Collection, Remarks
from workers.insights.pack.facts import shown_name, spoken_name
from workers.insights.pack.inputs import PackInputs
from workers.insights.pack.writer import write_pack
from workers.insights.sentiment import themes, totals
from workers.insights.sentiment.comments import Prepared, prepare
from workers.insights.sentiment.engines import best_scorer
from workers.insights.sentiment.lexicon import Scorer
from workers.insights.virality.breakdown import examine

AnyDocument = TypeVar("AnyDocument", SentimentSummary, ViralityBreakdown, PackConfiguration)

VERSION = "1.0"
_UNCHECKED = Grounding(claims=0, cited=0, verified=0, dropped=0)


@dataclass(frozen=True, slots=True)
class Result:
    type: str
    content: dict[str, Any]
    engine: str


@dataclass(frozen=True, slots=True)
class Pack:
    name: str
    configuration: dict[str, Any]
    score: float | None


@dataclass(frozen=True, slots=True)
class Analysis:
    results: tuple[Result, ...]
    pack: Pack


@dataclass(frozen=True, slots=True)
class _Run:
    """What the parts of one analysis share."""

    collection: Collection
    scorer: Scorer
    remarks: Remarks
    engine: Engine
    log: EvidenceLog
    now: datetime
    ref_key: bytes


def analyse(
    collection: Collection,
    *,
    product_name: str,
    now: datetime,
    ref_key: bytes,
    scorer: Scorer | None = None,
    remarks: Remarks = MappingProxyType({}),
) -> Analysis:
    """Deterministic in its arguments. Takes CPU, so a job runs it in a thread.

    `scorer` is a sentiment engine other than the embedded ones, `remarks` what else a reader other
    than our patterns made of the comments: both a language model's labels.
    """
    scorer = scorer or best_scorer()
    engine = _engine(collection, scorer, ref_key)
    run = _Run(collection, scorer, remarks, engine, EvidenceLog(ref_key), now, ref_key)
    feelings, virality = _sentiment(run), _virality(run)
    name = shown_name(product_name)
    caveats = tuple(dict.fromkeys((*feelings.caveats, *virality.caveats)))
    given = PackInputs(
        name,
        spoken_name(name),
        collection.product,
        feelings,
        virality,
        engine,
        caveats,
        now,
    )
    pack = _grounded(write_pack(given, run.log, _UNCHECKED), run.log)
    return Analysis(
        results=(
            Result("sentiment_summary", _json(feelings), f"{scorer.name}/{scorer.version}"),
            Result(
                "virality_breakdown", _json(virality), f"{virality.stands_out.method}/{VERSION}"
            ),
        ),
        pack=Pack(f"Virality pack for {name}", _json(pack), pack.score.value),
    )


def _sentiment(run: _Run) -> SentimentSummary:
    prepared = prepare(run.collection.comments)
    scored = totals.score_comments(prepared.kept, run.scorer)
    found = totals.total(scored, run.scorer)
    mentions = themes.find_mentions(scored, run.scorer, run.remarks)
    refs = [item.counted.comment.ref for item in scored]
    document = SentimentSummary(
        subject=_subject(run),
        sample=_sample(run.collection, prepared),
        overall=totals.overall(
            found, len(scored), run.log, refs, is_calibrated=run.scorer.is_calibrated
        ),
        aspects=themes.aspects(mentions, totals.label_bias(run.scorer), run.log),
        themes=themes.themes(mentions, scored, run.remarks, run.log),
        purchase_intent=themes.purchase_intent(scored, run.remarks, run.log),
        risks=themes.risks(scored, run.log),
        evidence=run.log.items(),
        confidence=confidence.of_sentiment(found, len(scored)),
        grounding=_UNCHECKED,
        engine=run.engine,
        caveats=(*run.collection.caveats, *_sentiment_caveats(prepared, run)),
        as_of=run.now,
    )
    return _grounded(document, run.log)


def _virality(run: _Run) -> ViralityBreakdown:
    found = examine(run.collection, run.now, run.log)
    document = ViralityBreakdown.model_validate(
        {
            **found.fields,
            "evidence": run.log.items(),
            "confidence": confidence.of_virality(found.stands_out),
            "grounding": _UNCHECKED,
            "engine": run.engine,
            "caveats": (*run.collection.caveats, *found.caveats),
            "as_of": run.now,
        }
    )
    return _grounded(document, run.log)


def _subject(run: _Run) -> Subject:
    return Subject(
        source_kind=run.collection.source_kind,
        pseudonym=pseudonym(run.ref_key, "subject", run.collection.subject_url),
    )


def _grounded(document: AnyDocument, log: EvidenceLog) -> AnyDocument:
    """Keeps only the evidence that the document cites, and counts what was checked."""
    findings = document.model_dump(mode="json", exclude={"evidence"})
    grounding = check(findings, log.items())
    cited = cited_ids(findings)
    kept = tuple(item for item in log.items() if item.id in cited)
    return document.model_copy(update={"grounding": grounding, "evidence": kept})


def _sample(collection: Collection, prepared: Prepared) -> Sample:
    times = [comment.created_at for comment in collection.comments if comment.created_at]
    known = Counter(prepared.languages)
    return Sample(
        collected=prepared.collected,
        analysed=len(prepared.kept),
        dropped=Dropped.model_validate(prepared.dropped),
        languages=tuple(
            Language(code=code, share=round(n / known.total(), 3))
            for code, n in known.most_common(5)
        ),
        window=Window(start=min(times, default=None), end=max(times, default=None)),
        partial=collection.partial,
    )


def _sentiment_caveats(prepared: Prepared, run: _Run) -> tuple[str, ...]:
    caveats = []
    if prepared.dropped.get("language"):
        n = prepared.dropped["language"]
        caveats.append(f"{n} comments in other languages than English were not read.")
    if prepared.kept:
        if not run.scorer.is_calibrated:
            caveats.append(
                "A language model read the comments; how often it errs here was not measured."
            )
        caveats.append("Irony is often misread; single labels are weak, totals are usable.")
    return tuple(caveats)


def _engine(collection: Collection, scorer: Scorer, ref_key: bytes) -> Engine:
    """The hash covers what the analysis reads, so that the same input is recognised."""
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
