"""`python -m tests.benchmarks.compliance`: rpc/check_compliance with 200 rules, 5,000 characters.

Wall is what a client on the same machine waits for; CPU is what the database's process spent, which
other work on the machine does not change.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb
from pytest_postgresql.janitor import DatabaseJanitor

from tests import server
from tests.database import Database, make_user
from tests.rules import rule

_RULES, _CHARACTERS = 200, 5_000
_CHECK = "select * from public.check_compliance(content => %s)"
_WORDS = (
    "this small lamp makes every desk warmer and brighter so you can read write draw or think until"
    " late without tired eyes its walnut base holds steady while the brass arm turns where light is"
    " needed most people who love quiet evenings keep it beside their bed or sofa"
)
_DECORATION = ("✨", "🔥", "café", "“soft”", "crème", "👍🏽", "…", "naïve")


@dataclass(frozen=True)
class Result:
    """Milliseconds of each call of one case."""

    case: str
    wall: list[float]
    cpu: list[float]

    def rows(self) -> Iterator[dict[str, Any]]:
        for name, values in (("wall", self.wall), ("cpu", self.cpu)):
            cuts = statistics.quantiles(values, n=100)
            for metric, value in (("p50", cuts[49]), ("p99", cuts[98])):
                yield {
                    "case": self.case,
                    "system": "check_compliance",
                    "metric": f"{name} {metric}",
                    "value": round(value, 2),
                    "unit": "ms",
                    "ratio_to_ours": 1,
                }


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.compliance", description=__doc__
    )
    parser.add_argument("--calls", type=int, default=500, help="of each case")
    parser.add_argument("--output", type=Path, help="a folder for compliance.json and .md")
    options = parser.parse_args()
    with _database() as db:
        results = [_measure(db, *case, calls=options.calls) for case in _cases()]
    rows = [row for result in results for row in result.rows()]
    for row in rows:
        print(f"{row['case']:46}{row['metric']:10}{row['value']:8.2f} ms")  # noqa: T201
    if options.output:
        (options.output / "compliance.json").write_text(json.dumps(rows, indent=1) + "\n")
        (options.output / "compliance.md").write_text(_page(results, options.calls))


def _page(results: list[Result], calls: int) -> str:
    lines = [
        "# Checking a script",
        "",
        "Written by `make bench-compliance ARGS='--output docs/benchmarks'`: rpc/check_compliance,",
        f"{_RULES} rules, a text of {_CHARACTERS:,} characters, {calls} calls of each case on one",
        f"connection, {os.cpu_count()} cores. CPU is that of the database's process; wall includes",
        "the client and whatever else the machine did meanwhile.",
        "",
        "| case | CPU ms, p50 | p99 | wall ms, p50 | p99 |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for result in results:
        wall, cpu = ([row["value"] for row in result.rows()][i : i + 2] for i in (0, 2))
        cells = " | ".join(f"{value:.1f}" for value in (*cpu, *wall))
        lines.append(f"| {result.case} | {cells} |")
    return "\n".join(lines) + "\n"


def _cases() -> Iterator[tuple[str, list[dict[str, Any]], str]]:
    source = random.Random(200)
    plain, decorated = _script(source), _script(source, _DECORATION)
    mixed = [_mixed(source, number) for number in range(_RULES)]
    phrases = [_banned(source, number) for number in range(_RULES)]
    patterns = [rule("regex", pattern=_pattern(source)) for _ in range(_RULES)]
    yield "every kind, plain English", mixed, plain
    yield "every kind, emoji and accents", mixed, decorated
    yield "banned phrases, five terms each", phrases, plain
    yield "the same, each broken by the script", phrases, _breaking(phrases)
    yield "regular expressions, 200 different ones", patterns, plain


def _script(source: random.Random, decoration: tuple[str, ...] = ()) -> str:
    words: list[str] = []
    while len(text := " ".join(words)) < _CHARACTERS:
        word = source.choice(decoration if decoration and source.random() < 0.1 else _WORDS.split())
        words.append(word + source.choice(("", "", "", "", "", ",", ".", "\n")))
    return text[:_CHARACTERS]


def _breaking(rules: list[dict[str, Any]]) -> str:
    text = ". ".join(rule["params"]["terms"][0] for rule in rules)
    return (text + " lamp" * _CHARACTERS)[:_CHARACTERS]


def _banned(source: random.Random, number: int) -> dict[str, Any]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    terms = ["".join(source.choices(letters, k=source.randint(5, 9))) for _ in range(4)]
    return rule("banned_phrase", terms=[*terms, f"{terms[0]} {source.choice(_WORDS.split())}"])


def _pattern(source: random.Random) -> str:
    word = "".join(source.choices("abcdefghijklmnopqrstuvwxyz", k=5))
    return source.choice((rf"\m{word}\w+\M", rf"(?i){word}s? \d+", rf"[0-9]+ ?{word}"))


def _mixed(source: random.Random, number: int) -> dict[str, Any]:
    """What agencies have: mostly words to avoid, then a few of everything else."""
    word = "".join(source.choices("abcdefghijklmnopqrstuvwxyz", k=6))
    others = (
        rule("substitution", map={word: "better", f"{word} one": "best"}),
        rule("required_mention", any_of=[source.choice(_WORDS.split()), word]),
        rule("required_mention", all_of=["lamp", word], spelling="exact"),
        rule("competitor_mention", names=[word.title(), f"{word} & Co"]),
        rule("claim", category=source.choice(("health", "weight", "income")), policy="forbid"),
        rule("claim", category=source.choice(("superlative", "guarantee")), policy="forbid"),
        rule("regex", pattern=_pattern(source)),
        rule("regex", pattern=rf"{word}\d", must="match"),
        rule("disclosure"),
        rule("cta", position="end"),
        rule("testimonial", policy="forbid_fabricated_first_person"),
        rule("price_match"),
        rule("max_length", unit="words", max=300 + number),
        rule("max_length", unit="seconds", max=60),
        rule("reading_level", max=8),
        rule("hashtags", forbidden=[word], max=5),
        rule("emoji", max=3),
        rule("tone", target="friendly"),
        rule("any_of", rules=[{"kind": "emoji", "params": {"max": 0}}, _nested(word)]),
        rule("not", rules=[_nested(word)]),
    )
    return _banned(source, number) if number % 2 else others[number // 2 % len(others)]


def _nested(word: str) -> dict[str, Any]:
    return {"kind": "required_mention", "params": {"any_of": [word]}}


def _measure(
    db: Database, case: str, rules: list[dict[str, Any]], script: str, *, calls: int
) -> Result:
    user = make_user(db)
    _write(db, user, rules)
    wall, cpu = [], []
    # One connection for all calls, as in PostgREST's pool; the first ones fill its caches.
    with db.as_user(user) as session:
        backend = session.value("select pg_backend_pid()")
        for call in range(-20, calls):
            spent, started = _cpu(backend), time.perf_counter()
            rows = session.rows(_CHECK, script)
            taken = time.perf_counter() - started
            if len(rows) != _RULES:
                raise RuntimeError(f"{len(rows)} verdicts for {_RULES} rules")
            if call >= 0:
                wall.append(taken * 1000)
                cpu.append(_cpu(backend) - spent)
    return Result(case, wall, cpu)


def _write(db: Database, user: uuid.UUID, rules: list[dict[str, Any]]) -> None:
    insert = "insert into public.brand_rules (rule_name, rule_definition) values (%s, %s)"
    with db.as_user(user) as owner:
        for number, definition in enumerate(rules):
            owner.execute(insert, f"rule {number}", Jsonb(definition))
    db.execute("analyze public.brand_rules")


def _cpu(backend: int) -> float:
    """Milliseconds that a process has had, from Linux' scheduler."""
    return int(Path(f"/proc/{backend}/schedstat").read_text().split()[0]) / 1e6


class _database:  # noqa: N801
    """A server and a migrated database of its own."""

    def __enter__(self) -> Database:
        self._running = server.run(server.ROOT / ".local")
        running = next(self._running)
        self._janitor = DatabaseJanitor(
            user=running.user,
            host=running.host,
            port=running.port,
            dbname="compliance",
            template_dbname="template1",
        )
        self._janitor.init()
        self._janitor.load(server.prepare)
        self._janitor.load(server.migrate)
        return Database(running.host, running.port, "compliance")

    def __exit__(self, *_: object) -> None:
        self._running.close()


if __name__ == "__main__":
    main()
