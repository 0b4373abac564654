"""The whole stack as `make up` starts it, with the outside world on loopback: Apify and a model."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any

from local.layout import ROOT
from tests.fakes import apify, openai
from tests.fakes.apify import FakeApify, Outcome, Run
from tests.fakes.openai import CONTROLS, Reply
from tests.flow.stack import LocalStack, configured, remove_leftovers
from workers.sources.tiktok.posts import COMMENTS_ACTOR

# A product of the load is the TikTok video of this address and a number.
VIDEOS = "https://www.tiktok.com/@ana.pours/video/"
# A run at Apify has not ended at the first look: its job waits without a slot, as it would.
_LOOKS = 1
_MODEL_SECONDS = (0.5, 1.5)


@dataclass
class Videos(FakeApify):
    """Apify with the packaged sample: 21 posts of a creator, 40 of the niche, 185 comments."""

    videos: list[Any] = field(default_factory=list)
    comments: list[Any] = field(default_factory=list)

    def start(self, actor: str, run_input: Any, options: dict[str, str]) -> Run | Outcome:
        """Every run finds what the real actors find: as many rows of the same form."""
        run = super().start(actor, run_input, options)
        if isinstance(run, Run):
            run.outcome = Outcome(self._rows(actor, run_input), looks_until_finished=_LOOKS)
        return run

    def _rows(self, actor: str, run_input: dict[str, Any]) -> list[Any]:
        urls = run_input.get("postURLs") or [VIDEOS]
        if actor == COMMENTS_ACTOR:
            return [each | {"videoWebUrl": urls[0]} for each in self.comments[:200]]
        if "hashtags" in run_input:
            return self.videos[21:61]
        subject = self.videos[0] | {"id": urls[0].rpartition("/")[2], "webVideoUrl": urls[0]}
        return [subject, *(_by_creator(each) for each in self.videos[1:21])]


def _by_creator(video: dict[str, Any]) -> dict[str, Any]:
    return video | {"webVideoUrl": f"{VIDEOS}{video['id']}"}


@dataclass
class Model:
    """Characters that each model has read and written."""

    used: dict[str, dict[str, int]] = field(default_factory=dict)

    def answer(self, request: dict[str, Any]) -> Reply:
        """What a model says of any comments: praise; its prose cites the first evidence."""
        content = json.dumps(_content(request))
        used = self.used.setdefault(request["model"], {"in": 0, "out": 0})
        used["in"] += len(json.dumps([request["messages"], request["response_format"]]))
        used["out"] += len(content)
        return Reply(content, seconds=random.uniform(*_MODEL_SECONDS))


def _content(request: dict[str, Any]) -> dict[str, Any]:
    data = json.loads(request["messages"][1]["content"])
    if "themes" in data:
        items = [
            {"id": each["id"], "theme": CONTROLS.get(each["text"], "t1")} for each in data["items"]
        ]
        return {"items": items}
    if request["response_format"]["json_schema"]["name"] == "_Proposals":
        return {"themes": [{"kind": "praise", "title": "It fits their mornings"}]}
    if "items" in data:
        known = {"kind": "praise", "aspect": "other", "wants_to_buy": False}
        return {
            "labels": [
                known | {"id": each["id"], "sentiment": CONTROLS.get(each["text"], "positive")}
                for each in data["items"]
            ]
        }
    cited = [data["evidence"][0]["id"]]
    line = {"text": "People like it.", "evidence_ids": cited}
    hook = {"type": "question", "text": "Does it taste good?", "why": "People praise it."}
    return {
        "headline": line,
        "summary": [line],
        "findings": [],
        "scripts": [],
        "hooks": [hook | {"evidence_ids": cited}],
        "dos": [line],
        "donts": [],
    }


@dataclass(frozen=True)
class World:
    """What the load meets."""

    stack: LocalStack
    model: Model


@contextmanager
def running() -> Iterator[World]:
    """The stack of this process, in a folder and on ports of its own, removed at the end."""
    remove_leftovers()
    model = Model()
    with openai.serving() as server, apify.serving(_videos()) as videos:
        server.decide = model.answer
        stack = _as_make_up_starts_it(
            configured(
                ROOT / ".local" / f"flow-{os.getpid()}",
                APIFY_TOKEN=apify.TOKEN,
                APIFY_BASE_URL=videos.url,
                OPENAI_API_KEY=openai.KEY,
                OPENAI_BASE_URL=server.url,
            )
        )
        try:
            started = stack.run("up", check=False)
            if started.returncode:
                raise SystemExit(f"The stack is not up:\n{started.stderr}")
            yield World(stack, model)
        finally:
            stack.stop()


def _as_make_up_starts_it(stack: LocalStack) -> LocalStack:
    """Without the patience of tests: a server's time limits are part of what is measured."""
    variables = {name: each for name, each in stack.variables.items() if "GUNICORN" not in name}
    return replace(stack, variables=variables)


def _videos() -> Videos:
    """The sample with dates as old today as they were when it was written."""
    folder = files("workers.sources") / "sample_data"
    videos, comments = (
        json.loads((folder / name).read_text()) for name in ("videos.json", "comments.json")
    )
    newest = max(each["createTime"] for each in videos)
    shift = int(time.time() - newest) // 86400 * 86400
    for each in videos:
        each["createTime"] += shift
        each["createTimeISO"] = _iso(each["createTime"])
    return Videos(videos=videos, comments=comments, otherwise=Outcome())


def _iso(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))
