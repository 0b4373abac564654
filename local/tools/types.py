"""Writes the shapes of JSON and the closed lists as JSON Schema and TypeScript.

`documents.schema.json` and `documents.ts` come from the documents of an analysis, the catalogue of
brand rules, the answers of functions and the lists of the schemas. `database.ts` is what the
Supabase CLI writes, with these types in place of `Json` and `string`. Its inserts and updates have
only the columns that users may write.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

import psycopg
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from local.layout import ROOT
from local.tools import answers
from workers.insights import documents, inputs

Schema = dict[str, Any]

_REF = "#/$defs/"
_DOCUMENTS: tuple[type[BaseModel], ...] = (
    documents.SentimentSummary,
    documents.ViralityBreakdown,
    documents.PackConfiguration,
    answers.Account,
    answers.Verdict,
    answers.ScoreRecord,
    answers.ImportedRow,
    answers.NewShare,
    answers.PlanPrice,
    answers.NewApiKey,
    answers.NewWebhookSecret,
    answers.WebhookEvent,
    answers.SharedPack,
    answers.ExportPage,
    answers.BrokenRule,
)
_LISTS = {
    "Band": documents.Band,
    "Stage": documents.Stage,
    "Status": documents.Status,
    "HookType": documents.HookType,
    "ThemeKind": documents.ThemeKind,
    "ChangeKind": documents.ChangeKind,
    "SpokenBeatKind": documents.SpokenBeatKind,
    "SourceKind": inputs.SourceKind,
    "PlanId": answers.PlanId,
    "Severity": answers.Severity,
    "VerdictStatus": answers.VerdictStatus,
}
# What stands in a type of the catalogue: the items of a list, or the value itself.
_VALUES: dict[str, Schema] = {
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "text": {"type": "string"},
    "term": {"type": "string"},
    "pattern": {"type": "string"},
    "map": {"type": "object", "additionalProperties": {"type": "string"}},
}
# Columns whose type neither a check nor the CLI knows.
_COLUMNS = {
    ("virality_packs", "configuration"): "PackConfiguration",
    ("brand_rules", "rule_definition"): "RuleDefinition",
    ("scripts", "broken_rules"): "BrokenRule[]",
    ("scripts", "review"): "ReviewEntry[]",
    ("audit_events", "changes"): "string[]",
    ("api_keys", "scopes"): "('read' | 'write')[]",
    ("webhook_deliveries", "payload"): "WebhookEvent",
    ("notifications", "params"): "NotificationParams",
    ("analysis_numbers", "complaint_counts"): "{ [title: string]: number }",
    ("analysis_numbers", "basis"): "StandsOut['basis']",
    ("analysis_results", "sentiment_label"): "Overall['label']",
    ("product_overview", "sentiment_label"): "Overall['label']",
    ("jobs", "kind"): "JobKind",
    ("jobs", "stage"): "JobStage",
    ("jobs", "error_code"): "JobErrorCode",
    ("product_overview", "job_kind"): "JobKind",
    ("product_overview", "job_stage"): "JobStage",
    ("product_overview", "job_error_code"): "JobErrorCode",
    ("product_overview", "job_status"): "JobStatus",
    ("product_overview", "watch"): "Watch",
    ("plans", "id"): "PlanId",
    ("plans", "prices"): "PlanPrice[]",
    ("subscriptions", "plan"): "PlanId",
    ("brand_rules", "severity"): "Severity",
    **{(name, "source_kind"): "SourceKind" for name in ("analysis_results", "product_overview")},
    **{(name, "score_band"): "Band" for name in ("virality_packs", "product_overview")},
    **{
        (name, "band"): "Band"
        for name in ("analysis_numbers", "product_history", "product_comparison")
    },
    ("analysis_numbers", "stage"): "Stage",
}
_RETURNS = {
    "account": "Account",
    "check_compliance": "Verdict[]",
    "create_api_key": "NewApiKey",
    "rotate_webhook_secret": "NewWebhookSecret",
    "export_account": "ExportPage",
    "import_products": "ImportedRow[]",
    "pack_csv": "string",
    "pack_markdown": "string",
    "score_record": "ScoreRecord",
    "service_score_record": "ScoreRecord",
    "share_pack": "NewShare",
    "shared_pack": "SharedPack",
    "shared_pack_csv": "string",
    "shared_pack_markdown": "string",
}
_ARGUMENTS = {
    ("import_products", "rows"): 'Database["public"]["Tables"]["products"]["Insert"][]',
    ("adopt_starter_rules", "pack"): "StarterPack",
    ("create_api_key", "scopes"): "('read' | 'write')[]",
}
# The type of `content` follows from that of `type`.
_RESULTS = {
    "sentiment_summary": "SentimentSummary",
    "virality_breakdown": "ViralityBreakdown",
}
_CHECKS = """
select c.relname::text as relation, a.attname::text as name, pg_get_constraintdef(k.oid) as text
from pg_constraint as k
inner join pg_class as c on k.conrelid = c.oid
inner join pg_attribute as a on a.attrelid = c.oid and array[a.attnum] = k.conkey
where k.contype = 'c' and c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
and pg_get_constraintdef(k.oid) ~ ('^CHECK \\(\\(' || a.attname || ' = ANY \\(ARRAY\\[')
order by 1, 2
"""
_WRITTEN = """
select c.relname::text, a.attname::text,
    has_column_privilege('authenticated', c.oid, a.attnum, 'insert'),
    has_column_privilege('authenticated', c.oid, a.attnum, 'update')
from pg_class as c
inner join pg_attribute as a on c.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
"""
_ROWS = """
select p.proname::text, c.relname || case when p.proretset then '[]' else '' end
from pg_proc as p inner join pg_class as c on c.reltype = p.prorettype and c.relkind = 'r'
where p.pronamespace = 'public'::regnamespace
"""


class Known(NamedTuple):
    """What is known of the API beyond the catalogue's types. Types are written as in TypeScript.

    `columns`, `lists` and `arguments` go by (relation or function, name), `written` by relation.
    """

    columns: dict[tuple[str, str], str]
    lists: dict[tuple[str, str], list[str]]
    written: dict[str, dict[str, set[str]]]
    arguments: dict[tuple[str, str], str]
    returns: dict[str, str]
    rows: dict[str, str]
    results: dict[str, str]


def known(connection: psycopg.Connection[Any]) -> Known:
    """The shapes of JSON and the closed lists, by where they stand."""
    rows = dict(connection.execute(_ROWS).fetchall())
    return Known(
        _COLUMNS, _checks(connection), _written(connection), _ARGUMENTS, _RETURNS, rows, _RESULTS
    )


# --- JSON Schema


def documents_schema(connection: psycopg.Connection[Any]) -> str:
    """The JSON Schema of every document and list."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Documents and closed lists of the API",
        "$defs": definitions(connection),
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def definitions(connection: psycopg.Connection[Any]) -> Schema:
    """Every document and list by its name."""
    lists = {name: _choice(get_args(kind)) for name, kind in _LISTS.items()}
    _, shapes = models_json_schema(
        [(model, "serialization") for model in _DOCUMENTS], ref_template=_REF + "{model}"
    )
    shapes["$defs"] |= _typed_dict("ReviewEntry", answers.ReviewEntry)
    # Record is a type of TypeScript's own.
    text = json.dumps(shapes["$defs"]).replace(f'"{_REF}Record"', f'"{_REF}PackRecord"')
    shapes = {
        {"Record": "PackRecord"}.get(name, name): one for name, one in json.loads(text).items()
    }
    found = {name: _tidied(shape, lists) for name, shape in shapes.items()}
    found |= lists | _rules(connection) | _database_lists(connection) | _codes()
    return dict(sorted(found.items()))


def _typed_dict(name: str, kind: Any) -> Schema:
    schema = TypeAdapter(kind).json_schema(mode="serialization", ref_template=_REF + "{model}")
    schema.pop("$defs", None)
    return {name: schema}


def _choice(values: Any) -> Schema:
    return {"type": "string", "enum": list(values)}


def _tidied(node: Any, lists: Schema) -> Any:
    """Without titles and defaults, and with the name of each list that has one."""
    if isinstance(node, list):
        return [_tidied(one, lists) for one in node]
    if not isinstance(node, dict):
        return node
    for name, named in lists.items():
        if node.get("enum") == named["enum"]:
            return {"$ref": _REF + name}
    return {
        key: {name: _tidied(one, lists) for name, one in value.items()}
        if key == "properties"
        else _tidied(value, lists)
        for key, value in node.items()
        if not (key in {"title", "default"} and not isinstance(value, dict))
    }


def _rules(connection: psycopg.Connection[Any]) -> Schema:
    """RuleDefinition: one shape for each kind."""
    parameters = connection.execute(
        "select kind, name, type, is_required, low, high, choices from private.rule_parameters()"
    ).fetchall()
    parts: dict[str, Schema] = defaultdict(
        lambda: {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    )
    for kind, name, type_, is_required, low, high, choices in parameters:
        parts[kind]["properties"][name] = _parameter(type_, low, high, choices)
        if is_required:
            parts[kind]["required"].append(name)
    [(kinds, needed)] = connection.execute(
        "select private.rule_kinds(),"
        " (select json_object_agg(kind, names) from private.required_choices())"
    ).fetchall()
    for kind, names in needed.items():
        parts[kind]["anyOf"] = [{"required": [name]} for name in names]
    found: Schema = {"RuleKind": _choice(kinds)}
    for part in ("applies_when", "source", "examples"):
        found[f"Rule{_camel(part)}"] = parts[part]
    for kind in kinds:
        found[f"{_camel(kind)}Params"] = parts[kind]
    found["RuleOfKind"] = {"oneOf": [_rule(kind, parts[kind]) for kind in kinds]}
    found["NestedRule"] = {"allOf": [{"$ref": _REF + "RuleOfKind"}], "unevaluatedProperties": False}
    found["RuleDefinition"] = {
        "description": "A brand rule. The kind says which params there are.",
        "allOf": [_common(parts["definition"]), {"$ref": _REF + "RuleOfKind"}],
        "unevaluatedProperties": False,
    }
    return found


def _rule(kind: str, params: Schema) -> Schema:
    """A kind and its params. Params that need nothing may be left out."""
    is_needed = params["required"] or "anyOf" in params
    return {
        "type": "object",
        "properties": {
            "kind": {"const": kind},
            "params": {"$ref": f"{_REF}{_camel(kind)}Params"},
        },
        "required": ["kind", *(["params"] if is_needed else [])],
    }


def _common(definition: Schema) -> Schema:
    """The keys of a definition of any kind."""
    properties = {
        name: {"$ref": f"{_REF}Rule{_camel(name)}"} if one == {"type": "object"} else one
        for name, one in definition["properties"].items()
        if name not in {"kind", "params"}
    }
    properties["severity"] = {"$ref": f"{_REF}Severity"}
    return {"type": "object", "properties": properties, "required": ["severity"]}


def _parameter(type_: str, low: Any, high: Any, choices: list[str] | None) -> Schema:
    if type_ == "choice":
        return _choice(choices)
    if type_ == "rules":
        return _sized({"type": "array", "items": {"$ref": _REF + "NestedRule"}}, "Items", low, high)
    if type_ == "object":
        return {"type": "object"}
    if type_ in _VALUES:
        value = dict(_VALUES[type_])
        sizes = {"string": "Length", "object": "Properties"}.get(value["type"])
        if sizes:
            return _sized(value, sizes, low, high)
        bounds = {"minimum": low, "maximum": high}
        return value | {key: _number(one) for key, one in bounds.items() if one is not None}
    items = _choice(choices) if type_ == "choices" else {"type": "string"}
    return _sized({"type": "array", "items": items}, "Items", low, high)


def _sized(schema: Schema, what: str, low: Any, high: Any) -> Schema:
    bounds = {f"min{what}": low, f"max{what}": high}
    return schema | {key: _number(one) for key, one in bounds.items() if one is not None}


def _number(value: Any) -> float | int:
    return int(value) if value == int(value) else float(value)


def _camel(name: str) -> str:
    return "".join(word.title() for word in name.split("_"))


def _checks(connection: psycopg.Connection[Any]) -> dict[tuple[str, str], list[str]]:
    """The values of each column that a check names one by one."""
    return {
        (relation, name): re.findall(r"'([^']*)'::text", text)
        for relation, name, text in connection.execute(_CHECKS).fetchall()
    }


def _database_lists(connection: psycopg.Connection[Any]) -> Schema:
    checks = _checks(connection)
    kinds = [
        kind for (kind,) in connection.execute("select kind from private.job_kinds order by kind")
    ]
    return {
        "Watch": _choice(checks["products", "watch"]),
        "JobStatus": _choice(checks["jobs", "status"]),
        "ScriptStatus": _choice(checks["scripts", "status"]),
        "ScriptOrigin": _choice(checks["scripts", "origin"]),
        "StarterPack": _choice(checks["starter_rules", "pack"]),
        "ResultType": _choice(_RESULTS),
        "JobKind": _choice(kinds),
        "JobStage": _choice(_stages()),
    }


def _stages() -> list[str]:
    """The stages that SQL and workers give a job."""
    found: set[str] = {"done", "failed", "cancelled"}
    for folder, pattern in (
        ("supabase/schemas", r"\bstage (?:=|text not null default) '([a-z_]+)'"),
        ("workers", r"(?:\.progress|Snooze)\(\s*\"([a-z_]+)\""),
    ):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".sql", ".py"}:
                found |= set(re.findall(pattern, path.read_text()))
    return sorted(found)


def _codes() -> Schema:
    """The codes of docs/errors.md, which tests compare with the source."""
    page = (ROOT / "docs" / "errors.md").read_text()
    titles = {
        "ErrorCode": ("Requests to PostgREST", "In front of both"),
        "EdgeErrorCode": ("Requests to the Flask app",),
        "JobErrorCode": ("Jobs",),
    }
    row = re.compile(r"^\|(?: [\d, ]+ \|)? ((?:`\w+`(?:, )?)+) \|", re.MULTILINE)
    return {
        name: _choice(
            dict.fromkeys(
                code
                for title in sections
                for cell in row.findall(page.split(f"\n## {title}\n")[1].split("\n## ")[0])
                for code in re.findall(r"`(\w+)`", cell)
            )
        )
        for name, sections in titles.items()
    }


# --- TypeScript


def documents_typescript(connection: psycopg.Connection[Any]) -> str:
    """The same as types."""
    lines = [
        "// Generated by `make types`: the documents of an analysis, brand rules, answers of",
        "// functions, and closed lists. documents.schema.json has their bounds.",
        "",
        "export type Json =",
        "  string | number | boolean | null | { [key: string]: Json | undefined } | Json[]",
        "",
    ]
    for name, schema in definitions(connection).items():
        lines += [*_comment(schema, ""), f"export type {name} = {_type(schema)}", ""]
    return "\n".join(lines)


def _comment(schema: Schema, indent: str) -> Iterator[str]:
    if text := schema.get("description"):
        text = " ".join(text.split()).replace("*/", "*")
        yield f"{indent}/** {text} */"


def _type(schema: Schema, indent: str = "") -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REF)
    if "const" in schema or "enum" in schema:
        return " | ".join(json.dumps(one) for one in schema.get("enum", [schema.get("const")]))
    if "allOf" in schema:
        return " & ".join(_type(one, indent) for one in schema["allOf"])
    parts = schema.get("anyOf") or schema.get("oneOf")
    if parts and "properties" not in schema:
        return " | ".join(dict.fromkeys(_type(one, indent) for one in parts))
    return _plain(schema, indent)


def _plain(schema: Schema, indent: str) -> str:
    kind = schema.get("type")
    if kind == "array" and "prefixItems" in schema:
        return f"[{', '.join(_type(one, indent) for one in schema['prefixItems'])}]"
    if kind == "array":
        return f"({_type(schema['items'], indent)})[]"
    if kind == "object":
        return _object(schema, indent)
    return {None: "Json", "integer": "number"}.get(kind, str(kind))


def _object(schema: Schema, indent: str) -> str:
    further = schema.get("additionalProperties")
    if "properties" not in schema:
        return f"{{ [key: string]: {_type(further or {}, indent)} }}"
    inner, required = indent + "  ", schema.get("required", ())
    lines = ["{"]
    for name, value in schema["properties"].items():
        lines += _comment(value, inner)
        lines.append(f"{inner}{name}{'' if name in required else '?'}: {_type(value, inner)}")
    if further:
        lines.append(f"{inner}[key: string]: Json | undefined")
    return "\n".join([*lines, f"{indent}}}"])


def database_typescript(connection: psycopg.Connection[Any], generated: str) -> str:
    """What the CLI has written, with the known types in it."""
    known = definitions(connection)
    columns = {
        place: " | ".join(map(json.dumps, values)) for place, values in _checks(connection).items()
    } | _COLUMNS
    written = _written(connection)
    returns = dict(_RETURNS)
    for name, row in connection.execute(_ROWS).fetchall():
        table, _, many = row.partition("[")
        returns[name] = f'Database["public"]["Tables"]["{table}"]["Row"]{"[]" if many else ""}'
    relations, functions = generated.split("Functions: {", 1)
    text = "Functions: {".join(
        [_relations(relations, columns, written), _functions(functions, returns)]
    )
    names = [name for name in known if re.search(rf"\b{name}\b", text)]
    imports = "import type {\n" + "".join(f"  {name},\n" for name in names)
    return f"{imports}}} from './documents.ts'\n\n{text.lstrip()}"


def _written(connection: psycopg.Connection[Any]) -> dict[str, dict[str, set[str]]]:
    """The columns of each relation that users may write, by Insert and Update."""
    written: dict[str, dict[str, set[str]]] = defaultdict(
        lambda: {"Insert": set(), "Update": set()}
    )
    for relation, name, is_inserted, is_updated in connection.execute(_WRITTEN).fetchall():
        written[relation]["Insert"] |= {name} if is_inserted else set()
        written[relation]["Update"] |= {name} if is_updated else set()
    return written


def _relations(
    text: str,
    columns: dict[tuple[str, str], str],
    written: dict[str, dict[str, set[str]]],
) -> str:
    relation, part, lines = "", "", []
    for line in text.splitlines():
        if named := re.search(r'"(\w+)": \{$', line):
            relation = named[1]
        elif opened := re.search(r"\b(Row|Insert|Update): \{$", line):
            part = opened[1]
            if part != "Row" and not written[relation][part]:
                lines.append(f"{line[:-1]}never")
                continue
        elif part and line.strip().startswith('"') and '": ' in line.replace('"?: ', '": '):
            line = _columns(line, relation, part, columns, written)  # noqa: PLW2901
        elif part and line.strip() == "}":
            is_hidden = part != "Row" and not written[relation][part]
            is_result = (relation, part) == ("analysis_results", "Row")
            part = ""
            if is_hidden:
                continue
            if is_result:
                line += " & (" + " | ".join(  # noqa: PLW2901
                    f'{{ "type": "{type_}","content": {document} }}'
                    for type_, document in _RESULTS.items()
                ) + ")"  # fmt: skip
        if line:
            lines.append(line)
    return "\n".join(lines)


def _columns(
    line: str,
    relation: str,
    part: str,
    columns: dict[tuple[str, str], str],
    written: dict[str, dict[str, set[str]]],
) -> str:
    kept = []
    for column in re.split(r',(?="\w+"\??: )', line.strip()):
        name, mark, type_ = re.fullmatch(r'"(\w+)"(\??: )(.*)', column).groups()  # type: ignore[union-attr]
        if part != "Row" and name not in written[relation][part]:
            continue
        if (relation, part) == ("analysis_results", "Row") and name in {"type", "content"}:
            continue
        if known := columns.get((relation, name)):
            type_ = known + (" | null" if type_.endswith("| null") else "")
        kept.append(f'"{name}"{mark}{type_}')
    if part != "Row" and not kept:
        return ""
    return line[: len(line) - len(line.lstrip())] + ",".join(kept)


def _functions(text: str, returns: dict[str, str]) -> str:
    def typed(match: re.Match[str]) -> str:
        name, arguments, returned = match.groups()
        for (function, argument), type_ in _ARGUMENTS.items():
            if function == name:
                arguments = re.sub(
                    rf'("{argument}"\??: )(?:\w+|\(\w+\)\[\])', rf"\g<1>{type_}", arguments
                )
        return f'"{name}":\n{{ Args: {arguments}; Returns: {returns.get(name, returned)}'

    pattern = r'"(\w+)":\n\{ Args: (.*?); Returns: (.*?)(?=\n {20,}(?:SetofOptions|\}))'
    return re.sub(pattern, typed, text, flags=re.DOTALL)
