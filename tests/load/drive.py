"""One run of k6 against the stack, and what came of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from local.layout import ROOT
from tests.load import accounts, watch
from tests.load.watch import Seen
from tests.load.world import VIDEOS, World

_SCRIPT = Path(__file__).with_name("users.js")
_PACKAGED = ROOT / ".venv" / "load" / "bin" / "k6"
_GRACE_SECONDS = 60
_K6_TELLS_TOO = "Request Failed"  # of a request that the script tells, with its route
_DRAIN_SECONDS = 120

# Answers that are no success, and why a person who works gets one. Any other is a fault.
EXPLAINED: dict[tuple[int, str], str] = {
    (429, "rate_limited"): "six requests of the account run, or its writes a minute are used up",
    (402, "quota_exceeded"): "the plan's products or analyses are used up",
}

_JOBS = """
select kind, status, error_code, count(*) as jobs,
    percentile_cont(0.5) within group (order by waited) as wait_p50,
    percentile_cont(0.99) within group (order by waited) as wait_p99,
    percentile_cont(0.5) within group (order by taken) as end_p50,
    percentile_cont(0.95) within group (order by taken) as end_p95
from public.jobs, lateral (
    select extract(epoch from started_at - created_at) as waited,
        extract(epoch from finished_at - created_at) as taken
) as t
where finished_at >= to_timestamp(%(since)s) and finished_at < to_timestamp(%(until)s)
group by 1, 2, 3 order by 1, 2, 3
"""
_PACKS = """
select count(*) as packs from public.virality_packs
where created_at >= to_timestamp(%(since)s) and created_at < to_timestamp(%(until)s)
"""
_UNFINISHED = """
select count(*) as jobs from public.jobs
where finished_at is null and kind in ('analyze_product', 'generate_script')
"""
_LOST = """
select
    (
        select count(*) from public.products as p
        where p.created_at >= to_timestamp(%(since)s) and not exists (
            select from public.virality_packs as v where v.product_id = p.id
        )
        and not exists (
            select from public.jobs as j
            where j.product_id = p.id and j.status in ('failed', 'cancelled')
        )
    ) as lost,
    (
        select count(*) from (
            select from public.virality_packs as v where v.created_at >= to_timestamp(%(since)s)
            group by v.job_id having count(*) > 1
        ) as twice
    ) as doubled
"""


@dataclass(frozen=True)
class Pace:
    """How the people work: seconds of the run, ramp, think time as a multiple, share that adds."""

    users: int
    seconds: int
    ramp: int
    think: float = 1.0
    add_share: float = 0.1

    @property
    def settled_seconds(self) -> int:
        """Seconds of the run without its ramp."""
        return self.seconds - self.ramp


@dataclass
class Run:
    """What a run gave."""

    pace: Pace
    summary: dict[str, Any]
    seen: Seen
    jobs: list[dict[str, Any]]
    packs: int
    unfinished_at_end: int
    drained_seconds: float
    lost: int
    doubled: int
    errors: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, int, str], str] = field(default_factory=dict)

    @property
    def requests_per_second(self) -> float:
        """Once everybody is there."""
        count: float = self.summary["settled"]
        return count / self.pace.settled_seconds

    @property
    def jobs_per_second(self) -> float:
        """The same of jobs that have ended."""
        count: int = sum(each["jobs"] for each in self.jobs)
        return count / self.pace.settled_seconds

    @property
    def unexplained(self) -> int:
        """Answers that EXPLAINED lacks, jobs without success, jobs lost or doubled."""
        answers = sum(
            count
            for (_route, status, code), count in self.errors.items()
            if (status, code) not in EXPLAINED
        )
        jobs = sum(each["jobs"] for each in self.jobs if each["status"] != "succeeded")
        return int(answers + jobs + self.lost + self.doubled)


def binary() -> Path:
    """k6 of the machine, else the one that `make load` installs."""
    found = shutil.which("k6")
    return Path(found) if found else _PACKAGED


def version() -> str:
    """As k6 says."""
    said = subprocess.run([binary(), "version"], check=True, capture_output=True, text=True)
    return said.stdout.split("(")[0].removeprefix("k6").strip()


def run(world: World, pace: Pace) -> Run:
    """People for so long; then waits until the jobs that they started have ended."""
    with tempfile.TemporaryDirectory(prefix="load-") as folder, accounts.connect(world) as db:
        begun = time.time()
        process = _start(world, pace, Path(folder))
        with watch.watching(world, psutil.Process(process.pid)) as seen:
            _wait(process, pace)
        summary = json.loads((Path(folder) / "summary.json").read_text())
        since, until = summary["started"] + pace.ramp, summary["started"] + pace.seconds
        seen.settle(since, until)
        unfinished = _count(db, _UNFINISHED, {})
        given = {"since": since, "until": until}
        jobs = db.execute(_JOBS, given).fetchall()
        packs = _count(db, _PACKS, given)
        drained = _drain(db)
        row = db.execute(_LOST, {"since": begun}).fetchone() or {}
        errors, examples = _errors(Path(folder) / "errors.log")
    return Run(
        pace,
        summary,
        seen,
        [dict(each) for each in jobs],
        packs,
        unfinished,
        drained,
        int(str(row["lost"])),
        int(str(row["doubled"])),
        errors,
        examples,
    )


def _start(world: World, pace: Pace, folder: Path) -> subprocess.Popen[bytes]:
    settings = world.stack.settings
    given = {
        "API": f"http://127.0.0.1:{settings.api_port}",
        "CLERK": f"http://127.0.0.1:{settings.clerk_port}",
        "VIDEOS": VIDEOS,
        "USERS": pace.users,
        "SECONDS": pace.seconds,
        "RAMP": pace.ramp,
        "THINK": pace.think,
        "ADD_SHARE": pace.add_share,
        "SUMMARY": folder / "summary.json",
    }
    values = [part for name, value in given.items() for part in ("-e", f"{name}={value}")]
    options = [
        *("--no-usage-report", "--no-color", "--quiet", "--log-format", "raw"),
        *("--log-output", f"file={folder / 'errors.log'}"),
        # Each person has an address: servers bound the connections of one.
        *("--local-ips", "127.0.1.0/24"),
    ]
    variables = os.environ | {"K6_NO_USAGE_REPORT": "true"}
    with (folder / "k6.out").open("wb") as output:
        return subprocess.Popen(
            [str(binary()), "run", *options, *values, str(_SCRIPT)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=variables,
        )


def _wait(process: subprocess.Popen[bytes], pace: Pace) -> None:
    """Until k6 has ended. A zombie keeps its CPU times until it is waited for."""
    told = psutil.Process(process.pid)
    deadline = time.monotonic() + pace.seconds + 2 * _GRACE_SECONDS
    while told.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            process.kill()
            break
        time.sleep(0.1)
    if process.wait(timeout=_GRACE_SECONDS):
        raise SystemExit(f"k6 ended with {process.returncode}.")


def _drain(db: Any) -> float:
    since = time.monotonic()
    while _count(db, _UNFINISHED, {}) and time.monotonic() - since < _DRAIN_SECONDS:
        time.sleep(0.5)
    return time.monotonic() - since


def _errors(
    log: Path,
) -> tuple[Counter[tuple[str, int, str]], dict[tuple[str, int, str], str]]:
    """The answers that were errors, by route, status and code, with one example each."""
    counted: Counter[tuple[str, int, str]] = Counter()
    examples: dict[tuple[str, int, str], str] = {}
    for line in log.read_text().splitlines() if log.exists() else ():
        if line == _K6_TELLS_TOO:
            continue
        try:
            told = json.loads(line)
        except json.JSONDecodeError:
            key = ("the script", 0, line[:80])
            told = {"body": line}
        else:
            key = (told["route"], told["status"], told["code"] or told["error"])
        counted[key] += 1
        examples.setdefault(key, told["body"])
    return counted, examples


def _count(db: Any, query: str, given: dict[str, object]) -> int:
    [value] = db.execute(query, given).fetchone().values()
    return int(value)
