"""docs/benchmarks/load.md, the growth plot, and the model's table in docs/scaling.md."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.load import drive, model, watch
from tests.load.accounts import ANALYSES, PLAN, PRODUCTS, SCRIPTS, Size
from tests.load.drive import Run
from tests.load.growth import CLAIM, Point

BEGIN, END = "<!-- make load: begin -->", "<!-- make load: end -->"
# API connections of PostgREST (local/stack.py), and the pool of a worker (workers/process.py).
POOLS = {"authenticator": 10, "worker": 7}
_SHARED_MACHINE = 0.12
_MEASURES = {"milliseconds": "ms", "database": "statements, ms", "pages": "pages"}
SATURATED = 0.85

_PAGE = """\
# People at work, and growth

Written by `make load`; the numbers are in [load.json](load.json). [scaling.md](../scaling.md) builds a
capacity model on them. Absolute numbers belong to this machine.

{facts}
{parts}"""  # noqa: E501 - lines of the page

_LOAD = """
## {users} people for {seconds} seconds

{warning}The whole stack of `make up` on loopback: gateway, PostgREST, edge, one worker, PostgreSQL. Apify and the language
model are fakes; a run at Apify has not ended at the first look, an answer of the model takes a second. Each person
has an account on the plan `{plan}` with {products} products, {analyses} analyses and {scripts} scripts of each, all copies of one real analysis.
They sign in, list, read packs, write and check scripts, read notifications, and add a product in every tenth round. They
ask what the dashboard asks, read and think, and renew their tokens as the client does. k6 is the client.

| figure | value |
| --- | ---: |
{figures}
### By route

| route | requests | a second | p50, ms | p99, ms | most, ms |
| --- | ---: | ---: | ---: | ---: | ---: |
{routes}
### Errors

{errors}
### Jobs

| kind | ended as | jobs | waited, p50 s | waited, p99 s | added to ended, p50 s | … p95 s |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
{jobs}
### CPU

After the ramp. k6 and the fakes share the {machine} cores of the machine with the stack. A core is 100 %.

| process | CPU | of what it can use | memory, MB |
| --- | ---: | ---: | ---: |
{cpu}
### The bottleneck

{bottleneck}

| connections of | busy, mean | busy, most | pool | looks at which the pool was full |
| --- | ---: | ---: | ---: | ---: |
{pools}
What busy connections did at {looks} looks, one a second: {waits}.

| statement | calls | mean, ms | total, s |
| --- | ---: | ---: | ---: |
{statements}
"""  # noqa: E501 - lines of the page

_PUSH = """
## Until something is full

The same people in a hurry: they think for a {hurry}th of the time, for {seconds} seconds. The model takes the costs of
a request and of a job from the run above and says where requests end. This run measures it.

| | predicted | measured | measured of predicted |
| --- | ---: | ---: | ---: |
| requests/s | {predicted:,.0f} | {measured:,.0f} | {ratio:.0%} |
| full first | {predicted_name} | {measured_name} at {measured_share:.0%} | |
{costs}
The other rows are what a request costs each process, in ms of a core: at leisure, then in a hurry. They say where the
prediction goes wrong.

p99 of all requests: {p99:,.0f} ms. Errors: {errors}
"""  # noqa: E501 - lines of the page

_GROWTH = """
## Growth

![the cost of a request beside 1,000 to 1,000,000 rows](../images/growth.png)

Fifty accounts keep their rows; those of all others grow: products, as many jobs and packs, twice as many results. A read
goes to PostgREST over loopback, as in the load. *statements* is the mean time of its statements in the database, *pages*
how many pages of 8 kB they look at: no other load moves that number. The claim takes ten due jobs of a thousand users,
beside as many as the column says.

| | {sizes} | most, times least |
| --- | {rule}---: |
{rows}
"""  # noqa: E501 - lines of the page


def record(run: Run, tokens: Mapping[str, Any], sizes: Mapping[str, Size]) -> dict[str, Any]:
    """A run as plain data, which is all that the page knows of it."""
    seen = run.seen
    busy = seen.total_cpu + seen.foreign_cpu
    analyses = sum(each["jobs"] for each in run.jobs if each["kind"] == "analyze_product")
    return {
        "users": run.pace.users,
        "seconds": run.pace.seconds,
        "think": run.pace.think,
        "settled_seconds": run.pace.settled_seconds,
        "requests": run.summary["requests"],
        "requests_per_second": run.requests_per_second,
        "p50": run.summary["p50"],
        "p99": run.summary["p99"],
        "unchanged": run.summary["unchanged"],
        "routes": run.summary["routes"],
        "jobs_per_second": run.jobs_per_second,
        "analyses": analyses,
        "packs_per_minute": run.packs * 60 / run.pace.settled_seconds,
        "jobs": [{name: _plain(value) for name, value in each.items()} for each in run.jobs],
        "unfinished_at_end": run.unfinished_at_end,
        "drained_seconds": run.drained_seconds,
        "lost": run.lost,
        "doubled": run.doubled,
        "unexplained": run.unexplained,
        "errors": [
            {
                "route": route,
                "status": status,
                "code": code,
                "count": count,
                "why": drive.EXPLAINED.get((status, code), ""),
                "example": run.examples[route, status, code],
            }
            for (route, status, code), count in run.errors.most_common()
        ],
        "cores": {name: used / seen.seconds for name, used in seen.cpu.items()},
        "memory": seen.memory,
        "machine_cores": os.cpu_count() or 1,
        "busy_cores": busy / seen.seconds,
        "foreign_cores": seen.foreign_cpu / seen.seconds,
        "looks": seen.looks,
        "busy": {login: list(counts) for login, counts in seen.busy.items()},
        "waits": {login: dict(counts) for login, counts in seen.waits.items()},
        "statements": [
            {name: _plain(value) for name, value in each.items()} for each in seen.statements
        ],
        "tokens": {name: dict(used) for name, used in tokens.items()},
        "sizes": {name: {"rows": size.rows, "bytes": size.bytes} for name, size in sizes.items()},
    }


def points(measured: Sequence[Point]) -> list[dict[str, Any]]:
    """The growth as plain data."""
    return [
        {
            "name": each.name,
            "rows": each.rows,
            "milliseconds": each.milliseconds,
            "database": each.database,
            "pages": each.pages,
        }
        for each in measured
    ]


def text(data: Mapping[str, Any]) -> str:
    """The whole page, from what load.json holds."""
    parts = []
    if "load" in data:
        parts.append(_load(data["load"]))
    if "push" in data and "load" in data:
        parts.append(_push(data["load"], data["push"]))
    if "growth" in data:
        parts.append(_growth(data["growth"]))
    facts = " · ".join(f"{name} {value}" for name, value in data["facts"].items())
    return _PAGE.format(facts=facts, parts="".join(parts))


def into(page: str, data: Mapping[str, Any]) -> str:
    """docs/scaling.md with the model's tables between its two marks."""
    before, rest = page.split(BEGIN)
    _old, after = rest.split(END)
    return f"{before}{BEGIN}\n{capacity(data)}{END}{after}"


def capacity(data: Mapping[str, Any]) -> str:
    """What 1,000 accounts need and cost, and more of them."""
    load = data["load"]
    found = model.costs(load)
    needs = [
        model.need(accounts, found, load["sizes"], load["tokens"]) for accounts in model.ACCOUNTS
    ]
    request, job = found.request, found.job
    each_costs = {
        "a request, PostgREST": f"{request['PostgREST'] * 1000:.2f} ms of a core",
        "a request, PostgreSQL": f"{request['Postgres for the API'] * 1000:.2f} ms of a core",
        "a person at work, the edge": f"{found.person['edge'] * 1e6:.0f} millionths of a core",
        "an analysis, worker": f"{job['workers']:.2f} s of a core",
        "an analysis, PostgreSQL": f"{job['Postgres for workers'] * 1000:.0f} ms of a core",
        "a person at work": f"{found.requests_per_person:.2f} requests/s",
        "storage of an account": f"{model.account_bytes(load['sizes']) / 1e6:.1f} MB",
        "paid sources of an analysis of a video": f"${model.APIFY_USD:.2f}",
        "language model of an analysis": f"${model.model_usd(load['tokens']):.4f}",
    }
    lines = ["| what | costs |", "| --- | ---: |"]
    lines += [f"| {name} | {value} |" for name, value in each_costs.items()]
    lines += [
        "",
        "| accounts | " + " | ".join(f"{each.accounts:,}" for each in needs) + " |",
        "| --- |" + " ---: |" * len(needs),
    ]
    rows: list[tuple[str, list[str]]] = [
        ("requests/s at the peak", [f"{each.requests_per_second:,.0f}" for each in needs]),
        ("analyses/min at the peak", [f"{each.analyses_per_second * 60:,.1f}" for each in needs]),
        ("PostgREST processes", [f"{each.postgrest_processes:,}" for each in needs]),
        ("workers", [f"{each.worker_processes:,}" for each in needs]),
        ("cores of PostgreSQL, used", [f"{each.postgres_cores:,.2f}" for each in needs]),
        ("connections", [f"{each.connections:,}" for each in needs]),
        ("storage, GB", [f"{each.gigabytes:,.0f}" for each in needs]),
        (
            "one primary that holds it",
            [each.compute[0] if each.compute else "none" for each in needs],
        ),
        ("… and its disk, $ a month", [_dollars(each.hosting_usd) for each in needs]),
        ("paid sources, $ a month", [_dollars(each.apify_usd) for each in needs]),
        ("language model, $ a month", [_dollars(each.model_usd) for each in needs]),
    ]
    lines += [f"| {name} | " + " | ".join(values) + " |" for name, values in rows]
    assumed = ", ".join(f"{name} {value:g}" for name, value in model.ASSUMED.items())
    people = 1000 * model.ASSUMED["share of accounts that work at the peak"]
    lines += [
        "",
        f"Measured {data['facts']['load measured']}. Assumed of an account: {assumed}.",
        f"1,000 accounts at the peak are {people:.0f} people at work.",
    ]
    foreign = load["foreign_cores"] / load["machine_cores"]
    if foreign > _SHARED_MACHINE:
        lines.append(f"Provisional: other processes used {foreign:.0%} of the machine meanwhile.")
    return "\n".join(lines) + "\n"


def _dollars(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _load(run: Mapping[str, Any]) -> str:
    foreign = run["foreign_cores"] / run["machine_cores"]
    cores = run["cores"]
    figures = {
        "requests/s": f"{run['requests_per_second']:,.1f}",
        "p50 of all requests, ms": f"{run['p50']:,.1f}",
        "p99 of all requests, ms": f"{run['p99']:,.0f}",
        "answered 304, without a body": f"{run['unchanged'] / max(1, run['requests']):.0%}",
        "jobs/s": f"{run['jobs_per_second']:.2f}",
        "packs/min": f"{run['packs_per_minute']:.1f}",
        "jobs unfinished when the people left": f"{run['unfinished_at_end']}",
        "… all ended after, s": f"{run['drained_seconds']:.0f}",
        "jobs lost, packs doubled": f"{run['lost']}, {run['doubled']}",
        "errors, unexplained": f"{sum(e['count'] for e in run['errors'])}, {run['unexplained']}",
        "share of the used CPU that k6 took": f"{cores[watch.K6] / run['busy_cores']:.0%}",
        "share of the machine that others took": f"{foreign:.0%}",
    }
    return _LOAD.format(
        users=run["users"],
        seconds=run["seconds"],
        plan=PLAN,
        products=PRODUCTS,
        analyses=ANALYSES,
        scripts=SCRIPTS,
        warning=_warning(foreign),
        figures=_lines((name, value) for name, value in figures.items()),
        routes=_lines(
            (
                name,
                f"{each['count']:,}",
                f"{each['count'] / run['seconds']:.1f}",
                f"{each['p50']:,.1f}",
                f"{each['p99']:,.0f}",
                f"{each['most']:,.0f}",
            )
            for name, each in sorted(run["routes"].items(), key=lambda item: -item[1]["count"])
        ),
        errors=_errors(run),
        jobs=_lines(_job(each) for each in run["jobs"]),
        machine=run["machine_cores"],
        cpu=_cpu(run),
        bottleneck=_bottleneck(run),
        pools=_pools(run),
        looks=run["looks"],
        waits=_waits(run),
        statements=_lines(
            (
                f"`{each['query'][:90].replace('|', '/')}…`",
                f"{each['calls']:,}",
                f"{each['mean_ms']:.2f}",
                f"{each['total_ms'] / 1000:.2f}",
            )
            for each in run["statements"][:6]
        ),
    )


def _warning(foreign: float) -> str:
    if foreign <= _SHARED_MACHINE:
        return ""
    return f"Other processes used {foreign:.0%} of the machine meanwhile: provisional.\n\n"


def _errors(run: Mapping[str, Any]) -> str:
    if not run["errors"]:
        return "None.\n"
    lines = [
        (
            each["route"],
            str(each["status"]),
            f"`{each['code']}`",
            str(each["count"]),
            each["why"] or "**unexplained**",
        )
        for each in run["errors"]
    ]
    head = "| route | status | code | answers | why |\n| --- | ---: | --- | ---: | --- |\n"
    return head + _lines(lines)


def _job(each: Mapping[str, Any]) -> tuple[str, ...]:
    ended = each["status"] if not each["error_code"] else f"{each['status']}: {each['error_code']}"
    names = ("wait_p50", "wait_p99", "end_p50", "end_p95")
    return (
        each["kind"],
        ended,
        str(each["jobs"]),
        *("" if each[name] is None else f"{each[name]:.2f}" for name in names),
    )


def _cpu(run: Mapping[str, Any]) -> str:
    cores = run["cores"]
    rows = []
    for name in sorted(cores, key=lambda each: -cores[each]):
        possible = watch.CORES.get(name)
        share = f"{cores[name] / possible:.0%} of {possible}" if possible else ""
        memory = run["memory"].get(name)
        rows.append((name, f"{cores[name]:.1%}", share, f"{memory / 1e6:,.0f}" if memory else ""))
    total = run["busy_cores"]
    rows.append(("processes of others", f"{run['foreign_cores']:.1%}", "", ""))
    rows.append(("all", f"{total:.1%}", f"{total / run['machine_cores']:.0%} of the machine", ""))
    return _lines(rows)


def _bottleneck(run: Mapping[str, Any]) -> str:
    name, share = model.bottleneck(run)
    full = _full_share(run, "authenticator")
    if share >= SATURATED:
        first = f"**{name.capitalize()}** is full: {share:.0%} of what it can use."
    else:
        nearest = f"Nearest to its limit is **{name}**, at {share:.0%} of what it can use."
        first = f"Nothing is full. {nearest}"
    return f"{first} All ten connections of the API were busy at {full:.0%} of the looks."


def _full_share(run: Mapping[str, Any], login: str) -> float:
    counts = run["busy"].get(login) or [0]
    return float(sum(count >= POOLS[login] for count in counts) / len(counts))


def _pools(run: Mapping[str, Any]) -> str:
    rows = []
    for login, counts in run["busy"].items():
        known = login in POOLS
        rows.append(
            (
                login,
                f"{sum(counts) / max(1, len(counts)):.2f}",
                str(max(counts, default=0)),
                str(POOLS[login]) if known else "",
                f"{_full_share(run, login):.0%}" if known else "",
            )
        )
    return _lines(rows)


def _waits(run: Mapping[str, Any]) -> str:
    total: Counter[str] = Counter()
    for counts in run["waits"].values():
        total.update(counts)
    everything = sum(total.values()) or 1
    found = [f"{name} {count / everything:.0%}" for name, count in total.most_common(6)]
    return ", ".join(found) or "nothing was busy"


def _push(load: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    limit = model.limit(
        model.costs(load),
        jobs_per_second=run["analyses"] / run["settled_seconds"],
        foreign_cores=run["foreign_cores"],
        machine_cores=run["machine_cores"],
        people=run["users"],
    )
    leisure, hurry = model.costs(load).request, model.costs(run).request
    costs = _lines(
        (name, f"{cost * 1000:.2f}", f"{hurry[name] * 1000:.2f}", f"{hurry[name] / cost:.0%}")
        for name, cost in leisure.items()
    )
    name, share = model.bottleneck(run)
    errors = "none." if not run["errors"] else "\n\n" + _errors(run)
    return _PUSH.format(
        hurry=round(1 / run["think"]),
        seconds=run["seconds"],
        predicted=limit.requests_per_second,
        measured=run["requests_per_second"],
        ratio=run["requests_per_second"] / limit.requests_per_second,
        predicted_name=limit.name,
        measured_name=name,
        measured_share=share,
        costs=costs,
        p99=run["p99"],
        errors=errors,
    )


def _growth(measured: Sequence[Mapping[str, Any]]) -> str:
    sizes = sorted({each["rows"] for each in measured})
    rows = []
    for name, key in _series(measured):
        values = _values(measured, name, key)
        ends = f"{max(values.values()) / min(values.values()):.2f}"
        shown = (
            f"{values[size]:,.0f}" if key == "pages" else f"{values[size]:.2f}" for size in sizes
        )
        rows.append((f"{name}, {_MEASURES[key]}", *shown, ends))
    return _GROWTH.format(
        sizes=" | ".join(f"{size:,}" for size in sizes),
        rule="---: | " * len(sizes),
        rows=_lines(rows),
    )


def _series(measured: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    names = dict.fromkeys(each["name"] for each in measured)
    return [
        (name, key)
        for name in names
        for key in _MEASURES
        if any(each["name"] == name and each[key] is not None for each in measured)
    ]


def _values(measured: Sequence[Mapping[str, Any]], name: str, key: str) -> dict[int, float]:
    return {each["rows"]: each[key] for each in measured if each["name"] == name}


def plot(path: Path, measured: Sequence[Mapping[str, Any]]) -> None:
    """Draws the cost of each read in the database and of the claim, times that at the fewest."""
    # Imported here: the tests of this folder run without the extra `bench`.
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(9, 4.5), layout="constrained")
    field = figure.subplots()
    for name in dict.fromkeys(each["name"] for each in measured):
        is_claim = name == CLAIM
        values = _values(measured, name, "milliseconds" if is_claim else "database")
        least = values[min(values)]
        field.plot(
            list(values),
            [value / least for value in values.values()],
            marker="o",
            linewidth=2.5 if is_claim else 1.5,
            linestyle="--" if is_claim else "-",
            label=f"{name}: {least:.2f} ms at first",
        )
    field.set_xscale("log")
    field.set_ylim(bottom=0)
    field.set_xlabel("rows of each table")
    field.set_ylabel("times the cost at the fewest rows")
    field.set_title("The same request beside more and more rows of others", fontsize=11)
    field.grid(visible=True, alpha=0.3)
    field.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90, metadata={"Software": None})


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, int | str) else float(str(value))


def _lines(rows: Any) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
