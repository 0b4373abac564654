"""The language model's part of an analysis: labels before it, prose after it.

If one of them fails, the embedded engine takes its place and a caveat says why. Steps keep what
was paid for: labels by pseudonym, and prose that passed its checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from workers.engine.isolated import Task
from workers.engine.isolation import Compute, in_thread
from workers.insights.analysis import Analysis, Result
from workers.insights.inputs import Collection, Labels
from workers.insights.pack.words import words_in
from workers.insights.sentiment.comments import Prepared, prepare
from workers.insights.sentiment.engine import Scorer
from workers.sources.context import Report, Step
from workers.writing.labels import PROMPT_VERSION as LABELS_VERSION
from workers.writing.labels import label_comments
from workers.writing.model import Reason, TextModel, Unanswered, Usage
from workers.writing.prose import PROMPT_VERSION as PROSE_VERSION
from workers.writing.prose import draft_of, findings_of, posts_of, rewritten, synthesise
from workers.writing.themes import name_themes

PREPARE = Task(prepare, returns=Prepared)
# The job's progress when labelling begins, and how much labelling adds.
FIRST_PERCENT, LABELS_PERCENT = 60, 25

_WHY: dict[Reason, str] = {
    "refused": "The language model refused",
    "cut_off": "The language model's answer was cut off",
    "filtered": "The language model's filter stopped its answer",
    "off_schema": "The language model's answer was not usable",
    "over_quota": "The language model's budget is used up",
    "unavailable": "The language model could not be reached",
    "model_not_found": "The language model is no longer offered",
}


@dataclass(frozen=True)
class Share:
    """What the model did for one document: its usage, and the reason if it failed."""

    usage: Usage = Usage()  # noqa: RUF009 - frozen
    failure: Reason | None = None


@dataclass(frozen=True)
class Labelled:
    """`scorer` is None if the embedded engine reads the comments. `caveats` go into the summary."""

    scorer: Scorer | None = None
    labels: Labels = field(default_factory=dict)
    share: Share = Share()
    caveats: tuple[str, ...] = ()


async def unreported(stage: str, percent: int) -> None:
    """For callers that show no progress."""


class Assistant:
    """The models of one job, for labels and for prose. Without them it changes nothing."""

    def __init__(
        self,
        labels: TextModel | None,
        prose: TextModel | None,
        step: Step,
        *,
        compute: Compute = in_thread,
        report: Report = unreported,
    ) -> None:
        self._labels_model = labels
        self._prose_model = prose
        self._step = step
        self._compute = compute
        self._report = report

    async def label(self, collection: Collection) -> Labelled:
        """Labels comments of all languages. Copies, spam and suspected injections stay away."""
        model = self._labels_model
        if model is None:
            return Labelled()
        prepared = await self._compute(PREPARE, collection.comments)
        kept = (*prepared.kept, *prepared.not_read)
        if not kept:
            return Labelled()
        comments = [counted.comment for counted in kept]
        try:
            found = await label_comments(model, comments, self._step, self._labels_done)
        except Unanswered as failure:
            return Labelled(share=Share(failure.usage, failure.reason))
        by_ref, usage = found.labels, found.usage
        caveats: tuple[str, ...] = ()
        try:
            named = await name_themes(model, comments, by_ref, self._step)
            by_ref, usage = named.labels, usage + named.usage
        except Unanswered as failure:
            usage += failure.usage
            caveats = (f"{_WHY[failure.reason]}; it named no themes outside our list.",)
        scorer = Scorer(model.name, LABELS_VERSION, is_calibrated=False)
        return Labelled(scorer, by_ref, Share(usage), caveats)

    async def _labels_done(self, share: float) -> None:
        await self._report("analysing", FIRST_PERCENT + round(share * LABELS_PERCENT))

    async def write(
        self,
        analysis: Analysis,
        product_name: str,
        labelled: Labelled,
        collection: Collection | None = None,
    ) -> Analysis:
        """The analysis with the model's prose in its pack. Each document names its engine."""
        model = self._prose_model
        if model is None:
            return analysis
        prose, share = await self._prose(model, analysis, product_name, collection)
        pack = analysis.pack
        configuration = pack.configuration if prose is None else rewritten(analysis, prose)
        name = None if prose is None else model.name
        signed = _signed(configuration, name, PROSE_VERSION, share, "wrote the pack")
        return replace(
            analysis,
            results=tuple(
                _signed_result(result, self._labels_model, labelled) for result in analysis.results
            ),
            pack=replace(pack, configuration=signed),
        )

    async def _prose(
        self,
        model: TextModel,
        analysis: Analysis,
        product_name: str,
        collection: Collection | None,
    ) -> tuple[dict[str, Any] | None, Share]:
        findings, evidence = findings_of(analysis)
        locale = analysis.pack.configuration["locale"]
        if not evidence:
            return None, Share()
        await self._report("writing", FIRST_PERCENT + LABELS_PERCENT)

        async def ask(refused: Sequence[str] = ()) -> dict[str, Any]:
            found = await synthesise(
                model,
                product_name,
                findings,
                evidence,
                collection.product if collection else None,
                locale=locale,
                draft=draft_of(analysis),
                posts=posts_of(collection),
                today=analysis.pack.configuration["freshness"]["as_of"][:10],
                refused=refused,
            )
            return {"prose": found.as_json(), "usage": found.usage.stored()}

        try:
            said = await self._step("prose", ask)
        except Unanswered as failure:
            return None, Share(failure.usage, failure.reason)
        prose, usage = said["prose"], Usage.restored(said["usage"])
        if not prose.get("lost"):
            return prose, Share(usage)
        try:
            again = await self._step("prose_again", partial(ask, prose["lost"]))
        except Unanswered as failure:
            return prose, Share(usage + failure.usage)
        is_better = len(again["prose"]["scripts"]) > len(prose["scripts"])
        usage += Usage.restored(again["usage"])
        return again["prose"] if is_better else prose, Share(usage)


def _signed_result(result: Result, model: TextModel | None, labelled: Labelled) -> Result:
    if result.type != "sentiment_summary":
        unsigned = result.content | {
            "engine": result.content["engine"] | {"model": result.engine.partition("/")[0]}
        }
        return replace(result, content=unsigned)
    name = model.name if model is not None and labelled.scorer else None
    content = result.content | {"caveats": [*result.content["caveats"], *labelled.caveats]}
    signed = _signed(content, name, LABELS_VERSION, labelled.share, "read the comments")
    return replace(result, content=signed)


def _signed(
    content: dict[str, Any], model_name: str | None, prompt_version: str, share: Share, did: str
) -> dict[str, Any]:
    """The document with its engine and usage, and a caveat if the model failed."""
    engine = dict(content["engine"])
    if model_name is not None:
        engine |= {"provider": "openai", "model": model_name, "prompt_version": prompt_version}
    engine["usage"] = {
        "input_tokens": share.usage.input_tokens,
        "output_tokens": share.usage.output_tokens,
        "cost_usd": float(share.usage.cost_usd),
    }
    caveats = list(content["caveats"])
    if share.failure is not None:
        engine["fallback_used"] = True
        why = f"{_WHY[share.failure]}; the built-in engine {did}."
        caveats.append(words_in(content.get("locale", "en")).translated(why) or why)
    return content | {"engine": engine, "caveats": caveats}
