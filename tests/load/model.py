"""A capacity model from a run: what one request and one job cost, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.config import MODEL_PRICES
from tests.load import watch

# What grows with requests; with people, who renew their tokens while they are there; with jobs.
_OF_REQUESTS = ("gateway", "PostgREST", "Postgres for the API", watch.K6)
_OF_PEOPLE = ("edge", "Postgres for the edge", "stand-in for Clerk")
_OF_JOBS = ("workers", "Postgres for workers")
# A core is full at this: beyond it waiting grows faster than work.
FULL = 0.95

# What an account does, for the table. Assumptions, not measurements: change them and run again.
ASSUMED = {
    "share of accounts that work at the peak": 0.05,
    "products": 12,
    "analyses a month": 30,
    "scripts": 24,
    "earlier texts of a script": 3,
    "brand rules": 6,
}
KEPT_ANALYSES = 20  # of a product on the plans creator and agency (supabase/seed/plans.sql)
JOB_DAYS, NOTIFICATION_DAYS = 30, 90  # how long rows are kept
# A run of a video and its niche, as measured when the source was built (workers/sources/tiktok).
APIFY_USD = 0.30
CHARACTERS_PER_TOKEN = 4  # of English; a rule of thumb
ACCOUNTS = (1_000, 10_000, 100_000, 1_000_000)

# Supabase's compute sizes: name, cores, GB of memory, direct connections, dollars a month.
# https://supabase.com/docs/guides/platform/compute-add-ons, read on 2026-11-30.
COMPUTE = (
    ("Micro", 2, 1, 60, 10),
    ("Small", 2, 2, 90, 15),
    ("Medium", 2, 4, 120, 60),
    ("Large", 2, 8, 160, 110),
    ("XL", 4, 16, 240, 210),
    ("2XL", 8, 32, 380, 410),
    ("4XL", 16, 64, 480, 960),
    ("8XL", 32, 128, 490, 1_870),
    ("12XL", 48, 192, 500, 2_800),
    ("16XL", 64, 256, 500, 3_730),
)
# The first two share their cores with others; nobody should plan on them under load.
SHARED = ("Micro", "Small", "Medium")
PRO_USD, COMPUTE_CREDIT_USD = 25, 10
DISK_INCLUDED_GB, DISK_USD = 8, 0.125


@dataclass(frozen=True)
class Costs:
    """CPU seconds of a request and of an analysis by process, cores of a person by process."""

    request: dict[str, float]
    person: dict[str, float]
    job: dict[str, float]
    always: float  # cores of PostgreSQL itself
    beside: float  # cores of the fakes and of the command that watches
    requests_per_person: float  # a second
    jobs_per_person: float  # a second

    @property
    def of_request(self) -> float:
        return sum(self.request.values())

    @property
    def of_person(self) -> float:
        return sum(self.person.values())

    @property
    def of_job(self) -> float:
        return sum(self.job.values())


@dataclass(frozen=True)
class Limit:
    """Requests a second at which something is full, and what."""

    requests_per_second: float
    name: str


def costs(run: Mapping[str, Any]) -> Costs:
    """From a run of people who think, as `page.record` has it."""
    cores, requests = run["cores"], run["requests_per_second"]
    jobs = max(1, run["analyses"]) / run["settled_seconds"]
    return Costs(
        {name: cores[name] / requests for name in _OF_REQUESTS},
        {name: cores[name] / run["users"] for name in _OF_PEOPLE},
        {name: cores[name] / jobs for name in _OF_JOBS},
        cores[watch.POSTGRES_REST],
        cores[watch.FAKES],
        requests / run["users"],
        jobs / run["users"],
    )


def limit(
    found: Costs, *, jobs_per_second: float, foreign_cores: float, machine_cores: int, people: int
) -> Limit:
    """Where requests end beside so many jobs and people: a full process, or the machine."""
    left = machine_cores * FULL - foreign_cores - found.always - found.beside
    left -= jobs_per_second * found.of_job + people * found.of_person
    limits = [Limit(max(0.0, left) / found.of_request, "the machine")]
    limits += [
        Limit(watch.CORES[name] * FULL / cost, name)
        for name, cost in found.request.items()
        if name in watch.CORES and cost
    ]
    return min(limits, key=lambda each: each.requests_per_second)


def bottleneck(run: Mapping[str, Any]) -> tuple[str, float]:
    """What is nearest to its limit, and how much of it is used."""
    uses = {name: run["cores"][name] / count for name, count in watch.CORES.items()}
    uses.pop(watch.FAKES)
    uses["the machine"] = run["busy_cores"] / run["machine_cores"]
    name = max(uses, key=lambda each: uses[each])
    return name, uses[name]


def account_bytes(sizes: Mapping[str, Mapping[str, float]]) -> float:
    """Bytes of an account after years: every product has all the analyses that are kept."""
    each = {name: size["bytes"] / size["rows"] for name, size in sizes.items()}
    products, analyses = ASSUMED["products"], ASSUMED["analyses a month"]
    kept = products * KEPT_ANALYSES
    return (
        products * each["public.products"]
        + kept * (2 * each["public.analysis_results"] + each["public.virality_packs"])
        # The plan bounds the history; half of what it keeps is a year of this use.
        + 12 * analyses * each["public.analysis_numbers"]
        + analyses * JOB_DAYS / 30 * each["public.jobs"]
        + analyses * NOTIFICATION_DAYS / 30 * each["public.notifications"]
        + ASSUMED["scripts"] * (1 + ASSUMED["earlier texts of a script"]) * each["public.scripts"]
        + ASSUMED["brand rules"] * each["public.brand_rules"]
    )


def model_usd(tokens: Mapping[str, Mapping[str, float]]) -> float:
    """Dollars of the language models for one analysis: characters of its prompts and answers."""
    total = 0.0
    for name, used in tokens.items():
        price_in, _cached, price_out = (float(price) for price in MODEL_PRICES[name])
        total += used["in"] / CHARACTERS_PER_TOKEN * price_in / 1e6
        total += used["out"] / CHARACTERS_PER_TOKEN * price_out / 1e6
    return total


@dataclass(frozen=True)
class Need:
    """What so many accounts need at their peak, and what they cost a month."""

    accounts: int
    requests_per_second: float
    analyses_per_second: float
    postgrest_cores: float
    edge_cores: float
    postgres_cores: float
    worker_cores: float
    gigabytes: float
    apify_usd: float
    model_usd: float

    @property
    def postgrest_processes(self) -> int:
        """One core each, filled to two thirds: the rest is for peaks within the peak."""
        return max(1, _ceil(self.postgrest_cores / 0.66))

    @property
    def worker_processes(self) -> int:
        """A worker and its children fill two cores, to two thirds."""
        return max(1, _ceil(self.worker_cores / 2 / 0.66))

    @property
    def connections(self) -> int:
        """Ten of each PostgREST, seven of each worker, sixteen of an edge of two processes."""
        return 10 * self.postgrest_processes + 7 * self.worker_processes + 16

    @property
    def compute(self) -> tuple[str, int, int, int, int] | None:
        """The smallest size with cores of its own that is at most two thirds full; None beyond."""
        for size in COMPUTE:
            name, cores, _memory, connections, _usd = size
            if name in SHARED:
                continue
            if cores * 0.66 >= self.postgres_cores and connections >= self.connections:
                return size
        return None

    @property
    def hosting_usd(self) -> float | None:
        """Supabase Pro with that size and its disk; without workers, edge and egress."""
        size = self.compute
        if size is None:
            return None
        disk = max(0.0, self.gigabytes - DISK_INCLUDED_GB) * DISK_USD
        return PRO_USD + size[4] - COMPUTE_CREDIT_USD + disk


def need(
    accounts: int,
    found: Costs,
    sizes: Mapping[str, Mapping[str, float]],
    tokens: Mapping[str, Mapping[str, float]],
) -> Need:
    """Scales what was measured to so many accounts."""
    people = accounts * ASSUMED["share of accounts that work at the peak"]
    requests = people * found.requests_per_person
    monthly = accounts * ASSUMED["analyses a month"]
    # Analyses follow people: the month's within 22 days of 8 hours, and twice that at the peak.
    analyses = 2 * monthly / (22 * 8 * 3600)
    return Need(
        accounts,
        requests,
        analyses,
        requests * found.request["PostgREST"],
        people * found.person["edge"],
        requests * found.request["Postgres for the API"]
        + people * found.person["Postgres for the edge"]
        + analyses * found.job["Postgres for workers"]
        + found.always,
        analyses * found.job["workers"],
        accounts * account_bytes(sizes) / 1e9,
        monthly * APIFY_USD,
        monthly * model_usd(tokens),
    )


def _ceil(value: float) -> int:
    return -int(-value // 1)
