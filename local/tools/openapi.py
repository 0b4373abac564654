"""Turns PostgREST's description, which is Swagger 2.0, into OpenAPI 3.1 with what it leaves out.

It adds the shapes of JSON, what an insert needs and may have, answers of functions, errors with
their codes, and an id for each operation.
"""

from __future__ import annotations

import re
from typing import Any

import psycopg

from local.tools import types

Schema = dict[str, Any]

_REF = "#/components/schemas/"
_VERBS = {"get": "list", "post": "add", "patch": "change", "delete": "delete"}
_FORMATS = {"timestamp with time zone": "date-time", "uuid": "uuid"}
# What a table's row needs when it is added: nobody else fills these columns.
_NEEDED = """
select c.relname::text, a.attname::text
from pg_class as c
inner join pg_attribute as a on c.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
and a.attnotnull and not a.atthasdef and a.attidentity = ''
"""
# PostgREST names every verb, whatever the grants.
_DELETABLE = """
select relname::text from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r'
and has_table_privilege('authenticated', oid, 'delete')
"""
_ERRORS = {
    "400": "The request can't be read",
    "401": "Nobody is signed in, or the token is not valid: `not_signed_in`, `invalid_token`",
    "402": "The plan includes less: `quota_exceeded`",
    "403": "The account or its role may not: `account_deleted`, `role_not_allowed`, `42501`",
    "404": "No such row of the caller's: `not_found`",
    "409": "It is there already, or in use",
    "422": "A value is wrong; `details` says which and why",
    "default": "Any other refusal",
}


def describe(swagger: Schema, connection: psycopg.Connection[Any]) -> Schema:
    """The API in OpenAPI 3.1. `swagger` is PostgREST's own description of it."""
    known = types.known(connection)
    shapes = _referring(types.definitions(connection))
    needed = {tuple(row) for row in connection.execute(_NEEDED).fetchall()}
    relations = _relations(swagger["definitions"], known, needed, shapes)
    schemas = shapes | {"Problem": _problem()} | relations
    deletable = {f"/{name}" for (name,) in connection.execute(_DELETABLE).fetchall()}

    def is_allowed(path: str, verb: str) -> bool:
        written = {"post": f"{path[1:]}.insert", "patch": f"{path[1:]}.update"}
        if path.startswith("/rpc/") or verb == "get":
            return verb in _VERBS
        return path in deletable if verb == "delete" else written.get(verb) in relations

    parameters = {
        name: _parameter(one) for name, one in swagger["parameters"].items() if one["in"] != "body"
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "CreatorsCook",
            "version": "1",
            "description": "Tables, views and functions over PostgREST. docs/api.md has them in"
            " prose, docs/errors.md the codes, docs/edge.openapi.yaml sign-in and billing.",
        },
        "servers": [
            {"url": "http://127.0.0.1:54321/rest/v1", "description": "`make up`"},
            {
                "url": "https://{project}.supabase.co/rest/v1",
                "description": "A hosted project",
                "variables": {"project": {"default": "project"}},
            },
        ],
        "security": [{"access_token": [], "api_key": []}],
        "paths": {
            path: {
                verb: _operation(path, verb, one, known, schemas)
                for verb, one in operations.items()
                if is_allowed(path, verb)
            }
            for path, operations in sorted(swagger["paths"].items())
            if path != "/"
        },
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "parameters": parameters,
            "responses": _responses(),
            "securitySchemes": {
                "access_token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "From `POST /auth/session`; without one, the API key once more",
                },
                "api_key": {"type": "apiKey", "in": "header", "name": "apikey"},
            },
        },
    }


def _referring(definitions: Schema) -> Schema:
    """JSON Schema's references as OpenAPI has them."""

    def moved(node: Any) -> Any:
        if isinstance(node, list):
            return [moved(one) for one in node]
        if isinstance(node, dict):
            return {
                key: value.replace("#/$defs/", _REF)
                if key == "$ref" and isinstance(value, str)
                else moved(value)
                for key, value in node.items()
            }
        return node

    return {name: moved(one) for name, one in definitions.items()}


# --- Schemas


def _relations(
    definitions: Schema, known: types.Known, needed: set[tuple[Any, ...]], shapes: Schema
) -> dict[str, Schema]:
    """The row of each table and view, and what may be added and changed of it."""
    found: dict[str, Schema] = {}
    for relation, definition in definitions.items():
        columns = {}
        for name, column in definition["properties"].items():
            shape = _shape(known.columns.get((relation, name)), shapes)
            if shape is None and (relation, name) in known.lists:
                shape = {"type": "string", "enum": known.lists[relation, name]}
            columns[name] = _column(column, shape)
        required = definition.get("required", [])
        found[relation] = _object(
            {name: one if name in required else _nullable(one) for name, one in columns.items()},
            required,
            definition.get("description"),
        )
        for verb in ("Insert", "Update"):
            kept = {
                name: one if (relation, name) in needed or name in required else _nullable(one)
                for name, one in columns.items()
                if name in known.written[relation][verb]
            }
            wanted = [name for name in kept if verb == "Insert" and (relation, name) in needed]
            if kept:
                found[f"{relation}.{verb.lower()}"] = _object(kept, wanted) | {
                    "additionalProperties": False
                }
    found["analysis_results"] |= {
        "oneOf": [
            {
                "properties": {
                    "type": {"const": kind},
                    "content": {"$ref": _REF + document},
                },
            }
            for kind, document in known.results.items()
        ]
    }
    return found


def _object(properties: Schema, required: list[str], description: str | None = None) -> Schema:
    said = {"description": description} if description else {}
    needs = {"required": required} if required else {}
    return {"type": "object", **said, "properties": properties, **needs}


def _column(column: Schema, shape: Schema | None) -> Schema:
    """A column: its known shape, or its type. PostgREST's notes on keys are no description."""
    text = re.sub(r"\s*Note:\n.*", "", column.get("description", ""), flags=re.DOTALL)
    said = {"description": text} if text else {}
    return _typed(column) | said if shape is None else shape | said


def _typed(value: Schema) -> Schema:
    """The type of a column or a parameter."""
    found: Schema = {"type": value["type"]} if "type" in value else {}
    if "items" in value:
        found["items"] = _typed(value["items"])
    if (format_ := _FORMATS.get(value.get("format", ""))) is not None:
        found["format"] = format_
    if "enum" in value:
        found["enum"] = value["enum"]
    return found


def _nullable(schema: Schema) -> Schema:
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return schema | {"type": [schema["type"], "null"]}
    said = {"description": schema["description"]} if "description" in schema else {}
    bare = {key: value for key, value in schema.items() if key != "description"}
    return {"anyOf": [bare, {"type": "null"}], **said} if bare else schema


def _shape(name: str | None, shapes: Schema) -> Schema | None:
    """The schema of a TypeScript type: a name, a member of it, a map, or a list."""
    if name is None:
        return None
    if name.endswith("[]"):
        item = _shape(name[:-2], shapes)
        return None if item is None else {"type": "array", "items": item}
    if mapped := re.fullmatch(r"\{ \[\w+: string\]: (\w+) \}", name):
        return {"type": "object", "additionalProperties": {"type": mapped[1]}}
    if member := re.fullmatch(r"(\w+)\['(\w+)'\]", name):
        return dict(shapes[member[1]]["properties"][member[2]])
    if name in shapes:
        return {"$ref": _REF + name}
    return {"type": name} if name in {"string", "number"} else None


def _problem() -> Schema:
    return _object(
        {
            "code": {
                "description": "Stable; docs/errors.md lists them",
                "anyOf": [{"$ref": _REF + "ErrorCode"}, {"type": "string"}],
            },
            "message": {"type": "string", "description": "A sentence for people"},
            "details": {
                "type": ["string", "null"],
                "description": "JSON text of the shape ErrorDetails, where it is structured",
            },
            "hint": {"type": ["string", "null"]},
        },
        ["code", "message"],
    )


# --- Operations


def _operation(
    path: str, verb: str, operation: Schema, known: types.Known, schemas: Schema
) -> Schema:
    name = path.rsplit("/", 1)[-1]
    is_function = path.startswith("/rpc/")
    first, _, rest = operation.get("summary", "").partition(". ")
    text = "\n".join(filter(None, (operation.get("summary"), operation.get("description"))))
    given = [one for one in operation.get("parameters", []) if not _is_body(one)]
    found: Schema = {
        "operationId": _operation_id(name, verb, is_function=is_function),
        "tags": [name if not is_function else "functions"],
        "summary": first if rest else " ".join(text.split(". ")[0].split()),
        "description": text,
        "parameters": [_referred(one) for one in given],
        "responses": {},
    }
    if is_function:
        answer = _shape(known.returns.get(name), schemas) or _row(known.rows.get(name))
        if verb == "post":
            body = next(one for one in operation["parameters"] if _is_body(one))
            found["requestBody"] = _body(_arguments(name, body["schema"], known))
    else:
        answer = {"type": "array", "items": {"$ref": _REF + name}}
        if verb in {"post", "patch"}:
            schema = {"$ref": f"{_REF}{name}.{'insert' if verb == 'post' else 'update'}"}
            many = {"anyOf": [schema, {"type": "array", "items": schema}]}
            found["requestBody"] = _body(many if verb == "post" else schema)
    for status, response in operation["responses"].items():
        has_rows = status in {"200", "201", "206"} and answer is not None
        found["responses"][status] = {"description": response["description"]} | (
            {"content": {"application/json": {"schema": answer}}} if has_rows else {}
        )
    if not is_function and verb in {"patch", "delete"}:
        found["responses"]["200"] = {
            "description": "With `Prefer: return=representation`, the rows",
            "content": {"application/json": {"schema": answer}},
        }
    for status in (*_ERRORS, "429"):
        found["responses"][status] = {"$ref": f"#/components/responses/{_response_name(status)}"}
    return found


def _operation_id(name: str, verb: str, *, is_function: bool) -> str:
    if is_function:
        return name if verb == "post" else f"get_{name}"
    return f"{_VERBS[verb]}_{name}"


def _is_body(parameter: Schema) -> bool:
    return parameter.get("in") == "body" or "/body." in parameter.get("$ref", "")


def _referred(parameter: Schema) -> Schema:
    if "$ref" in parameter:
        return {"$ref": parameter["$ref"].replace("#/parameters/", "#/components/parameters/")}
    return _parameter(parameter)


def _parameter(parameter: Schema) -> Schema:
    # A filter is an operator and a value, such as eq.1, whatever the column's type.
    is_filter = parameter["in"] == "query" and parameter.get("format") is not None
    typed = {"type": "string"} if is_filter else _typed(parameter)
    found = {"name": parameter["name"], "in": parameter["in"], "schema": typed}
    if parameter.get("required"):
        found["required"] = True
    if text := parameter.get("description"):
        found["description"] = text
    return found


def _arguments(name: str, schema: Schema, known: types.Known) -> Schema:
    """The body of a function: its arguments, with the shapes that are known."""
    properties = {
        argument: _column(value, None) for argument, value in schema.get("properties", {}).items()
    }
    for (function, argument), type_ in known.arguments.items():
        if function == name:
            listed = {"type": "array", "items": {"$ref": _REF + "products.insert"}}
            named = {"$ref": _REF + type_}
            properties[argument] = named if re.fullmatch(r"\w+", type_) else listed
    return _object(properties, schema.get("required", []))


def _row(returned: str | None) -> Schema | None:
    """The answer of a function that returns rows of a table: `jobs`, `brand_rules[]`."""
    if returned is None:
        return None
    table, _, many = returned.partition("[")
    item = {"$ref": _REF + table}
    return {"type": "array", "items": item} if many else item


def _body(schema: Schema) -> Schema:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _responses() -> Schema:
    content = {"application/json": {"schema": {"$ref": _REF + "Problem"}}}
    found = {
        _response_name(status): {"description": text, "content": content}
        for status, text in _ERRORS.items()
    }
    found["Problem429"] = {
        "description": "Too many requests: `rate_limited`; the seconds are in `details`, too",
        "headers": {
            "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait"}
        },
        "content": content,
    }
    return dict(sorted(found.items()))


def _response_name(status: str) -> str:
    return f"Problem{status.title()}"
