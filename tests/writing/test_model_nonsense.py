"""Whatever a language model says: an analysis and a script end in a result or in a known reason."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from psycopg.types.json import Jsonb

from tests.amount import rounds
from tests.fakes.openai import USAGE, Reply
from tests.running import until, worker
from tests.writing.test_assistant import SHOP, answers, assisted
from tests.writing.test_scripts import BEATS, KIND, REQUEST, SCRIPTS, reply, wanted
from workers.engine.errors import Reject, Retry
from workers.jobs import generate_script
from workers.sources.routing import collect
from workers.writing.scripts import write_script

ROUNDS = rounds(90, full=400)
# As JSON text: halves of surrogate pairs and U+0000 come as escapes.
STRINGS = (
    '"\\u0000"', '"Look.\\u0000 Now."', '"\\ud800"', '"\\udc00 half"', '"\\ufffe\\uffff"',
    '"\\u202e\\u200b"', '""', '" "', '"' + "long " * 3000 + '"', '"' + "a-" * 20_000 + '"',
    '"' + "9" * 12_000 + '"', '"e1"', '"#' + "x" * 11_000 + '"', '"\\n\\t\\r\\u0007"',
)  # fmt: skip
OTHERS = (
    "null", "true", "-1", "1e999", "9" * 5000, "1.5", "[]", "{}", '[["x"]]', "[null]",
    "[" * 3000 + "]" * 3000, '{"evidence_ids": 1}',
)  # fmt: skip
WHOLE = (
    "", "{", "null", "[]", '"text"', "[" * 100_000, '{"a":' * 50_000, "\\u0000", "\x00",
    '{"beats": ' + "[" + "null," * 50_000 + "null]}",
)  # fmt: skip
USAGES = (
    None, [], "many", {}, {"prompt_tokens": "x"}, {"prompt_tokens": 1e300, "completion_tokens": 1},
    {"prompt_tokens": -5, "completion_tokens": None}, USAGE | {"prompt_tokens_details": []},
    USAGE | {"prompt_tokens_details": {"cached_tokens": 10**30}},
)  # fmt: skip


def mangled(chance, value):
    """The JSON text of a good answer with some of its values replaced, or none of it."""
    if chance.random() < 0.1:
        return chance.choice(WHOLE)
    odds = chance.choice((0.02, 0.1, 0.4))

    def text(inner):
        if chance.random() < odds:
            return chance.choice(STRINGS if chance.random() < 0.7 else OTHERS)
        if isinstance(inner, dict):
            pairs = ",".join(f"{json.dumps(key)}:{text(each)}" for key, each in inner.items())
            return f"{{{pairs}}}"
        if isinstance(inner, list):
            many = inner * chance.choice((0, 1, 1, 1, 40)) if inner else inner
            return f"[{','.join(text(each) for each in many)}]"
        return json.dumps(inner)

    return text(value)


def said(chance, value):
    usage = chance.choice(USAGES) if chance.random() < 0.3 else USAGE
    return Reply(mangled(chance, value), usage=usage)


@pytest.fixture
def stores(db):
    """Whether the database takes a document as jsonb."""

    def store(document):
        db.value("select length(%s::jsonb::text)", Jsonb(document))

    return store


async def test_a_script_is_one_that_the_database_takes_or_ends_with_a_known_reason(
    db, server, model
):
    chance, ends = random.Random(4), set()
    row = (
        "insert into public.scripts (user_id, product_id, title, content, origin)"
        " values (%s, %s, %s, %s, 'ai')"
    )
    product = wanted(db)
    owner = product["user_id"], product["id"]
    good = {"title": "The mug", "beats": BEATS}
    for _round in range(ROUNDS):
        server.will(said(chance, good))
        try:
            script, _usage = await write_script(model, REQUEST)
        except (Reject, Retry) as known:
            ends.add(known.code)
        else:
            db.execute(row, *owner, script.title, script.content)
            ends.add("script")
    assert ends == {"script", "script_unusable"}


async def test_an_analysis_holds_whatever_a_model_says(services, report, server, model, stores):
    chance = random.Random(5)
    collection = await collect(SHOP, services, report)
    collection = replace(collection, comments=collection.comments[:30])
    written = set()

    def decide(request):
        return said(chance, answers(request))

    server.decide = decide

    async def step(_name, work):
        kept = await work()
        stores(kept)
        return kept

    for _round in range(ROUNDS // 3):
        analysis = await assisted(collection, services, model, step)
        stores(analysis.pack.configuration)
        for result in analysis.results:
            stores(result.content)
        written.add(analysis.pack.configuration["engine"]["provider"])
    assert written == {"embedded", "openai"}


async def test_a_text_with_a_null_character_is_cleaned_and_paid_for_once(db, server, model):
    server.will(reply([{**beat, "text": "Hello\x00 there."} for beat in BEATS], title="A\x00B"))
    product = wanted(db)
    async with worker(db, KIND, generate_script.handler(model), "scripts"):
        await until(db, product, KIND, "succeeded")
    assert db.row(SCRIPTS)["title"] == "AB"
    assert len(server.requests) == 1
