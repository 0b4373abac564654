"""documents.ts and database.ts: no JSON without a shape, no write that the grants refuse."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from local.layout import ROOT
from local.tools import answers, types
from local.tools.generated import DOCUMENTS, DOCUMENTS_SCHEMA, TYPES
from tests.database import Database, make_product, make_user
from tests.docs.page import FILES, compile_files
from tests.insights.samples import analysed, make_comments, make_posts, make_video, varied
from tests.postgrest import RunningPostgrest
from tests.rows import make_share
from tests.rules import banned, make_rule

# What the grants or a list refuse → what the compiler says of it.
WRONG = {
    "from('products').insert({ name, source_url: name, last_analyzed_at: name })": "'never'",
    "from('products').insert({ name })": "source_url",
    "from('products').update({ source_url: name })": "source_url",
    "from('products').update({ watch: 'hourly' })": "hourly",
    "from('jobs').insert({ kind: 'analyze_product' })": "kind",
    "from('jobs').update({ status: 'failed' })": "status",
    "from('scripts').update({ version: 2 })": "version",
    "from('scripts').update({ status: 'done' })": "done",
    "from('virality_packs').update({ configuration: {} })": "configuration",
    "from('brands').insert({ name, archived_at: name })": "'never'",
    "from('brand_rules').insert({ rule_name: name, rule_definition: { kind: 'emoji',"
    " severity: 'error', params: { terms: [name] } } })": "terms",
    "from('brand_rules').insert({ rule_name: name, rule_definition: { kind: 'emojis',"
    " severity: 'error', params: {} } })": "emojis",
    "rpc('adopt_starter_rules', { pack: name })": "string",
    "rpc('import_products', { rows: [{ name }] })": "source_url",
}
RIGHT = """
import type { Client } from '@creatorscook/client'
import type { ErrorCode, JobErrorCode, PlanId } from '@creatorscook/client/documents'

export async function read(client: Client, id: string) {
  const { data: pack } = await client.from('virality_packs').select('*').eq('id', id).single()
  const first: string | undefined = pack?.configuration.hooks[0]?.text
  const low: number | undefined = pack?.configuration.comparables[0]?.ratio_interval[0]
  const { data: whole } = await client
    .from('products').select('*, brands(name), virality_packs(configuration, score_band)').single()
  const band: 'breakout' | 'above' | 'typical' | 'below' | 'insufficient_data' | null | undefined =
    whole?.virality_packs[0]?.score_band
  const brand: string | undefined = whole?.brands?.name
  const { data: rule } = await client.from('brand_rules').select('rule_definition').single()
  const definition = rule?.rule_definition
  const terms = definition?.kind === 'banned_phrase' ? definition.params.terms : []
  const { data: account } = await client.rpc('account', undefined, { get: true })
  const plan: PlanId | undefined = account?.plan
  const { data: rows } = await client.rpc('import_products', { rows: [] })
  const code: ErrorCode | null | undefined = rows?.[0]?.code
  const { data: job } = await client.from('jobs').select('*').single()
  const error: JobErrorCode | null | undefined = job?.error_code
  const { data: shared } = await client.rpc('shared_pack', { secret: id })
  const beat: string | undefined = shared?.configuration.script_templates[0]?.beats[0]?.text
  return { first, low, band, brand, terms, plan, code, error, beat }
}
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    folder = ROOT / ".local" / f"types-{uuid.uuid4().hex}"
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)


def compiled(folder: Path, name: str, text: str) -> subprocess.CompletedProcess[str]:
    return compile_files(folder / name, {f"{name}.ts": text})


def test_the_files_are_what_the_schemas_and_models_say(db: Database) -> None:
    with psycopg.connect(db.url("postgres")) as connection:
        assert types.documents_typescript(connection) == DOCUMENTS.read_text(), "run `make types`"
        assert types.documents_schema(connection) == DOCUMENTS_SCHEMA.read_text()


def test_documents_are_read_without_a_cast(folder: Path) -> None:
    result = compiled(folder, "right", RIGHT)
    assert result.returncode == 0, result.stdout


def test_every_field_of_every_document_has_a_type(folder: Path) -> None:
    definitions = json.loads(DOCUMENTS_SCHEMA.read_text())["$defs"]
    fields = [
        f"documents.{name}['{field}']"
        for name, schema in definitions.items()
        for field in schema.get("properties", {})
    ]
    assert len(fields) > 350
    head = (
        "import type * as documents from '@creatorscook/client/documents'\n"
        "type IsUntyped<T> = 0 extends 1 & T ? true : unknown extends T ? true : false\n"
    )
    uses = [
        f"export const f{number}: IsUntyped<{field}> = false" for number, field in enumerate(fields)
    ]
    result = compiled(folder, "fields", head + "\n".join(uses))
    assert result.returncode == 0, result.stdout


def test_what_the_grants_refuse_does_not_compile(folder: Path) -> None:
    head = "import type { Client } from '@creatorscook/client'\n"
    lines = [
        f"export const w{number} = (client: Client, name: string) => client.{call}"
        for number, call in enumerate(WRONG)
    ]
    result = compiled(folder, "wrong", head + "\n".join(lines))
    said: dict[int, str] = {}
    for line, text in re.findall(
        r"^\S*wrong\.ts\((\d+),.*?\): (.*(?:\n  .*)*)", result.stdout, re.MULTILINE
    ):
        said[int(line)] = said.get(int(line), "") + text
    missed = [
        call
        for number, (call, word) in enumerate(WRONG.items())
        if word not in said.get(number + 2, "")
    ]
    assert missed == [], result.stdout


def test_no_column_and_no_answer_is_json_without_a_shape() -> None:
    text = TYPES.read_text()
    body = text[text.index("export type Database") : text.index("type DatabaseWithoutInternals")]
    assert re.findall(r'"(\w+)"\??: [^,\n]*\bJson\b', body) == []
    assert re.findall(r"Returns: .*\bJson\b", body) == []
    assert re.findall(r"Returns: Record", body) == []


def test_no_example_casts() -> None:
    code = re.sub(r"/\*[\s\S]*?\*/|// .*", "", "".join(FILES.values()))
    assert "overrideTypes" not in code
    assert re.findall(r"\bas (?!const\b)[A-Z]\w*|: any\b", code) == []


@pytest.mark.parametrize("verb", ["Insert", "Update"])
def test_a_write_has_the_columns_that_are_granted(db: Database, verb: str) -> None:
    rows = db.rows(
        "select table_name, column_name from information_schema.column_privileges"
        " where grantee = 'authenticated' and table_schema = 'public' and privilege_type = %s",
        verb.upper(),
    )
    granted: dict[str, set[str]] = {}
    for row in rows:
        granted.setdefault(row["table_name"], set()).add(row["column_name"])
    text = TYPES.read_text()
    tables = text[text.index("Tables: {") : text.index("Views: {")]
    typed = {
        name: set(re.findall(r'"(\w+)"\??:', columns))
        for name, columns in re.findall(
            rf'"(\w+)": {{\n +Row: .*?\n +{verb}: (never|{{\n.*?\n)', tables, re.DOTALL
        )
    }
    assert {name: columns for name, columns in typed.items() if columns} == granted


def test_answers_have_the_shapes_that_are_said(db: Database, postgrest: RunningPostgrest) -> None:
    user = make_user(db)
    make_product(db, user)
    make_rule(db, user, "No miracles", banned("miracle"))
    client = postgrest.as_user(user)

    def call(name: str, **arguments: Any) -> Any:
        return client.rpc(name, arguments).execute().data

    checks = {
        answers.Account: [call("account")],
        answers.Verdict: call("check_compliance", content="A miracle."),
        answers.ScoreRecord: [call("score_record"), call("service_score_record")],
        answers.ImportedRow: call(
            "import_products", rows=[{"name": "Lamp"}, {"name": "L", "source_url": "https://a.b"}]
        ),
        answers.ExportPage: [call("export_account")],
    }
    for model, rows in checks.items():
        assert rows
        TypeAdapter(list[model]).validate_python(rows)  # type: ignore[valid-type]


def test_a_shared_pack_has_the_shape_that_is_said(
    db: Database, postgrest: RunningPostgrest
) -> None:
    user = make_user(db)
    asked = make_comments(*varied("how much does it cost?", 12), *varied("I love the taste", 9))
    videos = (*make_posts("ana", [1000] * 8), make_video("ana", role="subject", views=9000))
    analysis = analysed(comments=asked, videos=videos)
    configuration = analysis.pack.configuration
    assert configuration["evidence"]
    pack = db.row(
        "insert into public.virality_packs (product_id, user_id, name, configuration, score)"
        " values (%s, %s, 'Lamp', %s, 61.5) returning *",
        make_product(db, user)["id"],
        user,
        Jsonb(configuration),
    )
    share = make_share(db, user, pack_id=pack["id"])
    shown = postgrest.as_anon().rpc("shared_pack", {"secret": share["secret"]}).execute().data
    answers.SharedPack.model_validate(shown)
    assert json.dumps(configuration["engine"]["input_hash"]) not in json.dumps(shown)


def test_every_rule_of_the_catalogue_has_its_shape(db: Database) -> None:
    with psycopg.connect(db.url("postgres")) as connection:
        found = types.definitions(connection)
    for row in db.rows("select * from private.rule_parameters()"):
        if row["kind"] in ("definition", "nested", "applies_when", "source", "examples"):
            continue
        name = "".join(word.title() for word in row["kind"].split("_")) + "Params"
        shape = found[name]
        assert row["name"] in shape["properties"], (name, row)
        assert (row["name"] in shape["required"]) == row["is_required"]
    assert len(found["RuleOfKind"]["oneOf"]) == len(found["RuleKind"]["enum"]) == 19
