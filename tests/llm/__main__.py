"""`python -m tests.llm`: the AI path over the wire, with a small real model on this machine.

The model is far too small to be of use as an analyst. What is shown is that a real server keeps to
our schemas, and that whatever it writes, nothing ungrounded gets through. Exit 1: something did;
exit 2: no model runs here, and why.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import astuple, dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.llm.server import CannotRun, serving
from workers.engine.errors import Reject, Retry
from workers.insights.analysis import Analysis, analyse
from workers.insights.documents import Evidence
from workers.insights.evidence import UngroundedError, check, cited_ids
from workers.insights.inputs import Collection
from workers.jobs.services import Services
from workers.sources.routing import collect
from workers.sources.web.fetch import open_fetcher
from workers.writing import labels as labelling
from workers.writing import model as text_model
from workers.writing import themes
from workers.writing.assistant import Assistant
from workers.writing.labels import label_comments
from workers.writing.model import Price, TextModel, Unanswered, open_text_model
from workers.writing.scripts import OpenRule, ScriptRequest, review_script, write_script

SHOP = "https://shop.creatorscook.example/products/cold-brew-bottle"
NAME = "Marlow Cold Brew Bottle"
COMMENTS = 6
VIDEOS = 6
SLOWEST_ANSWER_SECONDS = 300.0
LABEL_TOKENS = 1700  # a full batch: the model goes on to the schema's end
OTHER_TOKENS = 1200  # it finds no end in prose; what a loop of it may cost
RULE = OpenRule(
    rule_id="1",
    rule_name="Friendly",
    kind="rubric",
    severity="warning",
    asks="Does it sound like a friend?",
    definition={"params": {"text": "It sounds like a friend."}},
)


@dataclass
class Drive:
    """One model, one collection; each part returns what to print, or fails an assertion."""

    model: TextModel
    collection: Collection
    now: datetime
    pack: dict[str, Any] | None = None
    kept: dict[str, Any] = field(default_factory=dict)

    async def step(self, name: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """As the job layer: what was answered once is not asked again."""
        if name not in self.kept:
            self.kept[name] = await work()
        return self.kept[name]

    async def labels(self) -> str:
        labelling.CONTROLS = themes.CONTROLS = ()  # it is too small to know good from bad
        text_model.MAX_OUTPUT_TOKENS = LABEL_TOKENS
        found = await label_comments(self.model, self.collection.comments)
        known = {comment.ref for comment in self.collection.comments}
        assert found.labels.keys() <= known, "a label of no comment that was sent"
        assert found.labels, "not one comment was labelled"
        assert found.usage.output_tokens > 0, "no tokens were counted"
        self.kept["labels"] = {
            "labels": {ref: list(astuple(label)) for ref, label in found.labels.items()},
            "usage": [found.usage.input_tokens, found.usage.output_tokens, "0"],
        }
        return f"{len(found.labels)} of {COMMENTS} comments, {found.usage.output_tokens} tokens"

    async def analysis(self) -> str:
        text_model.MAX_OUTPUT_TOKENS = OTHER_TOKENS
        assistant = Assistant(self.model, self.model, self.step)
        labelled = await assistant.label(self.collection)
        plain = analyse(
            self.collection,
            product_name=NAME,
            now=self.now,
            ref_key=b"test",
            scorer=labelled.scorer,
            labels=labelled.labels,
        )
        written = await assistant.write(plain, NAME, labelled)
        _require_grounded(written)
        self.pack = written.pack.configuration
        feelings = written.results[0].content
        assert feelings["engine"]["provider"] == "openai", "the labels were not used"
        assert feelings["overall"]["calibrated"] is False
        engine = self.pack["engine"]
        fate = "the built-in engine wrote the pack" if engine["fallback_used"] else "its words held"
        return f"{fate}, {self.pack['grounding']['dropped']} claims dropped"

    async def script(self) -> str:
        assert self.pack is not None
        rule = {"name": RULE.rule_name, "definition": dict(RULE.definition)}
        try:
            script, usage = await write_script(
                self.model, ScriptRequest(NAME, self.pack, [rule], "Short, please.")
            )
        except (Retry, Reject) as outcome:
            return f"no script, and the user is told: {outcome.message}"
        return f"{len(script.content)} characters, {usage.output_tokens} tokens"

    async def review(self) -> str:
        found = await review_script(self.model, "Look at this bottle. It is nice.", [RULE])
        [entry] = found.entries
        assert entry["status"] in {"pass", "fail", "needs_review"}
        assert entry["source"] in {"ai", "none"}
        return f"{entry['status']}, by {entry['source']}"

    async def cut_off(self) -> str:
        text_model.MAX_OUTPUT_TOKENS = 5
        try:
            await label_comments(self.model, self.collection.comments)
        except Unanswered as failure:
            reason: str = failure.reason
        else:
            reason = "five tokens were taken for an answer"
        assert reason == "cut_off", reason
        return "five tokens are told as cut_off, and billed"


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the server must not stay behind
    try:
        with serving() as url:
            return asyncio.run(_drive(url))
    except CannotRun as reason:
        sys.stderr.write(f"make test-llm cannot run here: {reason}.\n")
        return 2


async def _drive(url: str) -> int:
    text_model.TIMEOUT_SECONDS = SLOWEST_ANSWER_SECONDS
    free = Price(Decimal(0), Decimal(0), Decimal(0))
    async with (
        open_text_model(key="none", base_url=url, name="SmolLM2-135M", price=free) as model,
        open_fetcher(allowed=()) as fetcher,
    ):
        now = datetime.now(UTC)
        services = Services(fetcher=fetcher, ref_key=b"test", now=lambda: now)
        collection = await collect(SHOP, services, _silent)
        few = replace(
            collection, comments=collection.comments[:COMMENTS], videos=collection.videos[:VIDEOS]
        )
        drive = Drive(model, few, now)
        parts = (drive.labels, drive.analysis, drive.script, drive.review, drive.cut_off)
        outcomes = [await _run(part) for part in parts]
    return 0 if all(outcomes) else 1


async def _run(part: Callable[[], Awaitable[str]]) -> bool:
    begun = time.monotonic()
    try:
        said, is_well = await part(), True
    except (AssertionError, UngroundedError, Unanswered) as failure:
        said, is_well = f"{type(failure).__name__}: {failure}", False
    seconds = time.monotonic() - begun
    sys.stdout.write(
        f"{'ok' if is_well else 'FAILED':7}{part.__name__:10}{seconds:6.1f} s  {said}\n"
    )
    sys.stdout.flush()
    return is_well


def _require_grounded(analysis: Analysis) -> None:
    """Counted anew, not taken from what the documents claim."""
    for document in (*(result.content for result in analysis.results), analysis.pack.configuration):
        findings = {key: value for key, value in document.items() if key != "evidence"}
        items = [Evidence.model_validate(item) for item in document["evidence"]]
        assert cited_ids(findings) <= {item.id for item in items}, "cites what is not there"
        check(findings, items)  # raises where a claim has no ground


async def _silent(_stage: str, _percent: int) -> None:
    pass


if __name__ == "__main__":
    raise SystemExit(main())
