"""`make deploy-check`: whether a deployed backend is whole, and what to do where it is not.

It asks as clients, senders and logins do. It writes no row: the signed messages that it sends are
accepted, and then of no use.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from core.config import EdgeSettings, TargetSettings, WorkerSettings, load
from core.database import Row, connect
from core.encryption import svix_key
from core.queues import QUEUES
from core.webhook_secrets import WebhookSecrets
from deploy import migrations
from local import provisioning, scratch
from local.tools import catalogue
from webhooks.token_issuer import ALGORITHM, AUDIENCE, ROLE

_TIMEOUT_SECONDS = 15.0
_MAX_DIFFERENCES = 8
MAX_SKEW_SECONDS = 5.0
OLDEST_POSTGRESQL = 150000
OLDEST_PGMQ = (1, 5, 1)
OLDEST_POSTGREST = (12, 0)
EDGE_CONNECTIONS = 16  # two processes with a pool of eight
# Left for operators, migrations, the platform and its PostgREST.
SPARE_CONNECTIONS = 15


class Problem(Exception):  # noqa: N818 - a finding, not an error of the check
    """What is wrong, in a sentence."""


class Unchecked(Exception):  # noqa: N818 - same
    """Why there is nothing to check here."""


@dataclass(frozen=True)
class Line:
    """A line of the table. `state` is ok, FAIL or `-` where there is nothing to check."""

    name: str
    state: str
    found: str
    advice: str = ""


@dataclass
class Target:
    """What the checks ask. `expected` gives the catalogue of a database of this checkout."""

    settings: TargetSettings
    environment: Mapping[str, str]
    expected: Callable[[], frozenset[str]]
    migrations: Path = provisioning.MIGRATIONS
    now: Callable[[], float] = time.time
    http: httpx.Client = field(
        default_factory=lambda: httpx.Client(timeout=_TIMEOUT_SECONDS, follow_redirects=False)
    )

    @property
    def rest(self) -> str:
        """Where PostgREST answers."""
        return f"{self.settings.api_url.rstrip('/')}/rest/v1"

    @property
    def edge(self) -> str:
        """Where the edge answers."""
        return self.settings.edge_url.rstrip("/")

    @property
    def is_here(self) -> bool:
        """Whether it is the stack on this machine."""
        hosts = {urlsplit(url).hostname for url in (self.rest, self.edge)}
        return hosts <= {"127.0.0.1", "localhost", "::1"}

    @contextmanager
    def owner(self) -> Iterator[psycopg.Connection[Row]]:
        """A session of the owner of the tables."""
        with _session(self.settings.db_url.get_secret_value()) as db:
            yield db

    def ask(self, path: str, token: str | None = None, **headers: str) -> httpx.Response:
        """Reads a path of the API. Hosted wants its API key in a header, too."""
        key = self.settings.anon_key
        given = {"apikey": key.get_secret_value()} if key else {}
        if token:
            given["Authorization"] = f"Bearer {token}"
        return self.http.get(f"{self.rest}{path}", headers=given | headers)


def run(target: Target) -> list[Line]:
    """Every check, in the order of the table."""
    return [_line(target, *each) for each in CHECKS]


def shown(lines: Sequence[Line]) -> str:
    """The table."""
    width = max(len(line.name) for line in lines)
    rows = []
    for line in lines:
        rows.append(f"{line.state:5}{line.name:{width + 2}}{line.found}")
        if line.state == "FAIL":
            rows.append(f"{'':5}{'':{width + 2}}→ {line.advice}")
    failed = sum(line.state == "FAIL" for line in lines)
    return "\n".join([*rows, "", f"{failed} of {len(lines)} checks failed."])


def checkout_catalogue(folder: Path) -> frozenset[str]:
    """The catalogue of a scratch database with the migrations of this checkout."""
    with scratch.database(folder) as database, _session(database.url) as db:
        return catalogue.lines(db)


def _line(target: Target, name: str, check: Callable[[Target], str], advice: str) -> Line:
    try:
        return Line(name, "ok", check(target))
    except Problem as problem:
        return Line(name, "FAIL", str(problem), advice)
    except Unchecked as reason:
        return Line(name, "-", str(reason))
    except (httpx.HTTPError, psycopg.Error) as error:
        text = str(error).splitlines()[0] if str(error) else ""
        return Line(name, "FAIL", f"{type(error).__name__}: {text}", advice)


@contextmanager
def _session(url: str) -> Iterator[psycopg.Connection[Row]]:
    with connect(url, application_name="deploy-check") as db:
        yield db


def _value(db: psycopg.Connection[Row], query: str, *parameters: object) -> Any:
    row = db.execute(query.encode(), parameters or None).fetchone()
    return None if row is None else next(iter(row.values()))


# --- The database ---


def _database(target: Target) -> str:
    with target.owner() as db:
        version = int(_value(db, "select current_setting('server_version_num')"))
        pgmq = _value(db, "select extversion from pg_extension where extname = 'pgmq'")
    if version < OLDEST_POSTGRESQL:
        raise Problem(f"PostgreSQL is {version // 10000}, older than {OLDEST_POSTGRESQL // 10000}")
    if pgmq is None or _numbers(pgmq) < OLDEST_PGMQ:
        oldest = ".".join(map(str, OLDEST_PGMQ))
        raise Problem(f"pgmq is {pgmq or 'not there'}; {oldest} is the oldest that serves")
    return f"PostgreSQL {version // 10000}.{version % 10000}, pgmq {pgmq}"


def _migrations(target: Target) -> str:
    files = {each.version for each in migrations.files(target.migrations)}
    with target.owner() as db:
        there = migrations.applied(db)
    if not there:
        raise Problem("no migration was ever applied")
    if missing := sorted(files - there):
        raise Problem(f"missing there: {', '.join(missing)}")
    if unknown := sorted(there - files):
        raise Problem(f"applied there, but not in this checkout: {', '.join(unknown)}")
    return f"all {len(files)} applied"


def _grants(target: Target) -> str:
    expected = target.expected()
    with target.owner() as db:
        found = catalogue.lines(db)
    differences = [f"missing: {line}" for line in sorted(expected - found)]
    differences += [f"not ours: {line}" for line in sorted(found - expected)]
    if differences:
        more = len(differences) - _MAX_DIFFERENCES
        listed = differences[:_MAX_DIFFERENCES] + ([f"and {more} more"] if more > 0 else [])
        raise Problem("; ".join(listed))
    return f"{len(found)} grants, policies, functions, triggers and constraints as in this checkout"


def _logins(target: Target) -> str:
    settings = target.settings
    urls = {"worker": settings.worker_db_url, "webhook": settings.webhook_db_url}
    for login, secret in urls.items():
        with _session(_from_here(target, secret.get_secret_value())) as db:
            if (who := _value(db, "select current_user")) != login:
                raise Problem(f"{login.upper()}_DB_URL logs in as {who}")
            if _value(db, "select pg_backend_pid()") != db.info.backend_pid and login == "worker":
                raise Problem("WORKER_DB_URL leads through a transaction pooler")
            host = db.info.host
            is_private = host.startswith("/") or host in {"127.0.0.1", "::1", "localhost"}
            if not is_private and not db.pgconn.ssl_in_use:
                raise Problem(f"{login.upper()}_DB_URL is not encrypted")
    return "worker and webhook log in with their own sessions"


def _from_here(target: Target, url: str) -> str:
    """The URL of a process. A certificate that only its machine has is replaced by DB_URL's."""
    certificate = str(conninfo_to_dict(url).get("sslrootcert") or "system")
    ours = conninfo_to_dict(target.settings.db_url.get_secret_value()).get("sslrootcert")
    if ours and certificate != "system" and not Path(certificate).is_file():
        return make_conninfo(url, sslrootcert=ours)
    return url


def _connections(target: Target) -> str:
    settings = target.settings
    wanted = {
        "worker": settings.worker_replicas * settings.worker_connections,
        "webhook": settings.edge_replicas * EDGE_CONNECTIONS,
    }
    with target.owner() as db:
        granted = int(
            _value(
                db,
                "select current_setting('max_connections')::integer"
                " - current_setting('superuser_reserved_connections')::integer",
            )
        )
        limits = {
            login: int(_value(db, "select rolconnlimit from pg_roles where rolname = %s", login))
            for login in wanted
        }
    for login, limit in limits.items():
        if 0 <= limit < wanted[login]:
            raise Problem(f"{login} may open {limit} connections and needs {wanted[login]}")
    needed = sum(wanted.values()) + SPARE_CONNECTIONS
    said = (
        f"{settings.edge_replicas} edges, {settings.worker_replicas} workers and"
        f" {SPARE_CONNECTIONS} spare need {needed} of {granted}"
    )
    if needed > granted:
        raise Problem(said)
    return said


def _queues(target: Target) -> str:
    with target.owner() as db:
        if _value(db, "select to_regclass('pgmq.q_jobs')") is None:
            raise Problem("pgmq has no queue jobs")
        rows = db.execute("select queue, is_paused from private.queues").fetchall()
        broken = db.execute("select name from private.schedules where problem is not null")
        schedules = [str(row["name"]) for row in broken]
    known = {str(row["queue"]) for row in rows}
    if missing := sorted(set(QUEUES) - known):
        raise Problem(f"not there: {', '.join(missing)}")
    if paused := sorted(str(row["queue"]) for row in rows if row["is_paused"]):
        raise Problem(f"paused: {', '.join(paused)}")
    if schedules:
        raise Problem(f"schedules that cannot fire: {', '.join(schedules)}")
    return ", ".join(sorted(known))


def _workers(target: Target) -> str:
    with target.owner() as db:
        sessions = int(
            _value(
                db,
                "select count(*) from pg_stat_activity where usename = 'worker'"
                " and application_name <> 'deploy-check'",
            )
        )
        waiting = [
            f"{row['queue']}: the oldest due job waits for {float(str(row['seconds'])):.0f} s"
            for row in db.execute(
                "select queue, oldest_due_seconds as seconds from private.queue_metrics()"
                " where oldest_due_seconds > 300"
            )
        ]
    if not sessions:
        raise Problem("no worker is connected")
    if waiting:
        raise Problem("; ".join(waiting))
    return f"{sessions} sessions"


def _webhook_keys(target: Target) -> str:
    keys = [each.get_secret_value() for each in target.settings.webhook_secret_keys]
    secrets = WebhookSecrets(keys) if keys else None
    known = secrets.key_ids if secrets else frozenset()
    newest = secrets.newest.key_id if secrets else None
    with target.owner() as db:
        problem = _value(db, "select private.endpoint_key_problem(%s)", newest)
        used = db.execute("select distinct key_id from private.endpoint_secrets").fetchall()
    lost = sorted({str(row["key_id"]) for row in used} - known)
    if problem == "no_key":
        raise Problem("webhook endpoints are in use, and WEBHOOK_SECRET_KEYS is empty")
    if problem == "not_registered":
        raise Problem("new secrets are not encrypted with the first of WEBHOOK_SECRET_KEYS")
    if lost:
        raise Problem(f"stored secrets need keys that WEBHOOK_SECRET_KEYS lacks: {', '.join(lost)}")
    if secrets is None:
        raise Unchecked("not set up, and no endpoint is in use")
    return f"new secrets are for {newest}, and every stored one has its key"


def _clocks(target: Target) -> str:
    def ours_and(theirs: float, began: float) -> float:
        return theirs - (began + target.now()) / 2

    skews = {}
    with target.owner() as db:
        began = target.now()
        stamp = float(_value(db, "select extract(epoch from clock_timestamp())"))
        skews["database"] = ours_and(stamp, began)
    for name, url in (("edge", f"{target.edge}/healthz"), ("API", f"{target.rest}/plans")):
        began = target.now()
        answer = target.http.get(url)
        if "date" in answer.headers:
            # The header has whole seconds, rounded down.
            stamp = parsedate_to_datetime(answer.headers["date"]).timestamp() + 0.5
            skews[name] = ours_and(stamp, began)
    wrong = {name: skew for name, skew in skews.items() if abs(skew) > MAX_SKEW_SECONDS}
    if wrong:
        raise Problem(", ".join(f"{name}: {skew:+.1f} s from here" for name, skew in wrong.items()))
    return f"{', '.join(skews)} within {MAX_SKEW_SECONDS:g} s of this machine"


# --- The edge ---


def _ready(target: Target) -> str:
    answer = target.http.get(f"{target.edge}/readyz")
    if answer.status_code != httpx.codes.OK:
        raise Problem(f"/readyz answers {answer.status_code}: {answer.text[:200]}")
    return "the edge has its database and Clerk's keys"


def _keys(target: Target) -> str:
    published = _key_set(target, f"{target.edge}/.well-known/jwks.json")
    about = target.http.get(f"{target.edge}/.well-known/openid-configuration")
    if about.status_code != httpx.codes.OK:
        raise Problem(f"/.well-known/openid-configuration answers {about.status_code}")
    said = about.json()
    issuer = target.settings.edge_issuer
    if issuer and said.get("issuer") != issuer:
        raise Problem(f"the edge calls itself {said.get('issuer')}, EDGE_ISSUER is {issuer}")
    if _key_set(target, str(said.get("jwks_uri"))) != published:
        raise Problem(f"{said.get('jwks_uri')} has other keys than the edge")
    signing = _signing_key(target)
    if signing and signing["kid"] not in published:
        raise Problem("the edge does not publish the first key of EDGE_SIGNING_KEYS_FILE")
    return f"{', '.join(sorted(published))}, of {said.get('issuer')}"


def _key_set(target: Target, url: str) -> set[str]:
    answer = target.http.get(url)
    if answer.status_code != httpx.codes.OK:
        raise Problem(f"{url} answers {answer.status_code}")
    keys = answer.json().get("keys") or []
    if any("d" in key for key in keys):
        raise Problem(f"{url} publishes a private key: replace it now")
    if not keys or any(key.get("alg") != ALGORITHM or not key.get("kid") for key in keys):
        raise Problem(f"{url} has no {ALGORITHM} keys with a kid")
    return {str(key["kid"]) for key in keys}


def _signing_key(target: Target) -> dict[str, Any] | None:
    path = target.settings.edge_signing_keys_file
    if path is None or not path.is_file():
        return None
    key: dict[str, Any] = json.loads(path.read_text())["keys"][0]
    return key


def _stripe_webhook(target: Target) -> str:
    secrets = [each.get_secret_value() for each in target.settings.stripe_webhook_secrets]
    # A document without an event's id: the edge accepts it and stores nothing.
    body = b'{"object": "event", "type": "deploy.check"}'
    now = int(target.now())
    digest = hmac.digest(secrets[0].encode() if secrets else b"none", b"%d." % now + body, "sha256")
    header = {"Stripe-Signature": f"t={now},v1={digest.hex()}"}
    return _webhook(
        target, "/subscriptions/webhook", body, header, has_secret=bool(secrets), accepted=200
    )


def _clerk_webhook(target: Target) -> str:
    secrets = [each.get_secret_value() for each in target.settings.clerk_webhook_secrets]
    # No type of Clerk's has a blank: the edge reads the signature first, then refuses the event.
    body = b'{"type": "deploy check"}'
    number, now = f"msg_{uuid.uuid4().hex}", int(target.now())
    key = svix_key(secrets[0]) if secrets else b"none"
    digest = hmac.digest(key, f"{number}.{now}.".encode() + body, "sha256")
    header = {
        "svix-id": number,
        "svix-timestamp": str(now),
        "svix-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    return _webhook(target, "/clerk/webhook", body, header, has_secret=bool(secrets), accepted=400)


def _webhook(
    target: Target,
    path: str,
    body: bytes,
    header: dict[str, str],
    *,
    has_secret: bool,
    accepted: int,
) -> str:
    url = f"{target.edge}{path}"
    bare = target.http.post(url, content=body)
    code = _code(bare)
    if code == "webhook_not_configured" and not has_secret:
        raise Unchecked("not set up, neither there nor here")
    if bare.status_code != httpx.codes.BAD_REQUEST or code != "invalid_signature":
        raise Problem(f"an unsigned message gets {bare.status_code} {code} instead of a refusal")
    if not has_secret:
        raise Problem("the edge has a secret for it, but this environment does not")
    signed = target.http.post(url, content=body, headers=header)
    if signed.status_code != accepted or _code(signed) == "invalid_signature":
        raise Problem(f"a signed message gets {signed.status_code} {_code(signed)}")
    return "refuses an unsigned message, accepts a signed one"


def _metrics(target: Target) -> str:
    if target.is_here:
        raise Unchecked("on this machine they are for the operator")
    answer = target.http.get(f"{target.edge}/metrics")
    if answer.status_code == httpx.codes.OK:
        raise Problem("the internet can read /metrics")
    return f"/metrics answers {answer.status_code}"


# --- The API ---


def _schemas(target: Target) -> str:
    answer = target.ask("/plans", **{"Accept-Profile": "pg_catalog"})
    document = answer.json() if "json" in answer.headers.get("content-type", "") else {}
    text = f"{document.get('message')}\n{document.get('hint')}"
    # PostgREST 12 and earlier say it in the message, later ones in the hint.
    found = re.search(r"(?:one of the following|schemas are exposed): ([\w, ]+)", text)
    if not found:
        raise Problem(f"the API answers {answer.status_code} to a schema that it must refuse")
    exposed = [name.strip() for name in found[1].split(",")]
    if exposed != ["public"]:
        raise Problem(f"exposed are {', '.join(exposed)}")
    return "public alone"


def _postgrest(target: Target) -> str:
    answer = target.ask("/plans")
    if answer.status_code != httpx.codes.OK:
        raise Problem(f"GET /plans answers {answer.status_code} {_code(answer)}")
    if not answer.json():
        raise Problem("there are no plans: the seed is missing")
    server = answer.headers.get("server", "")
    version = re.search(r"postgrest/([\d.]+)", server)
    if version and _numbers(version[1]) < OLDEST_POSTGREST:
        raise Problem(f"PostgREST is {version[1]}; {'.'.join(map(str, OLDEST_POSTGREST))} serves")
    return f"PostgREST {version[1]}" if version else "answers; its version is hidden"


def _pre_request(target: Target) -> str:
    answer = target.ask("/products")
    if answer.status_code != httpx.codes.UNAUTHORIZED or _code(answer) != "not_signed_in":
        raise Problem(f"/products without a token answers {answer.status_code} {_code(answer)}")
    return "a request without a token is refused"


def _accepts_our_keys(target: Target) -> str:
    key = _signing_key(target)
    if key is None:
        raise Problem("EDGE_SIGNING_KEYS_FILE names no file here, so no token can be tried")
    now = int(target.now())
    claims = {
        "iss": target.settings.edge_issuer or target.edge,
        "aud": AUDIENCE,
        "role": ROLE,
        "sub": str(uuid.uuid4()),  # nobody's account
        "account_role": "viewer",
        "iat": now,
        "exp": now + 60,
    }
    token = jwt.encode(claims, jwt.PyJWK(key).key, ALGORITHM, headers={"kid": key["kid"]})
    answer = target.ask("/products", token)
    code = _code(answer)
    if code.startswith("PGRST"):
        raise Problem(f"PostgREST does not accept the edge's key ({answer.status_code} {code})")
    if code != "invalid_token":
        raise Problem(f"a token of nobody's account gets {answer.status_code} {code}")
    return "PostgREST accepts the edge's key, and refuses the token of nobody's account"


def _sign_ups(target: Target) -> str:
    key = target.settings.anon_key
    headers = {"apikey": key.get_secret_value()} if key else {}
    url = f"{target.settings.api_url.rstrip('/')}/auth/v1/settings"
    answer = target.http.get(url, headers=headers)
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise Unchecked("no Supabase Auth there")
    if answer.status_code != httpx.codes.OK:
        raise Problem(f"/auth/v1/settings answers {answer.status_code}")
    if answer.json().get("disable_signup") is not True:
        raise Problem("strangers can sign up at Supabase Auth")
    return "off"


def _settings(target: Target) -> str:
    given = dict(target.environment)
    problems: list[str] = []
    for kind in (EdgeSettings, WorkerSettings):
        values = {name: given.get(name.upper()) for name in kind.model_fields}
        try:
            load(kind, **values)
        except SystemExit as refused:
            problems += str(refused).splitlines()
    if problems:
        raise Problem("; ".join(dict.fromkeys(problems)))
    if given.get("APP_ENV") != "production":
        if target.is_here:
            return "development, on this machine"
        raise Problem("APP_ENV is not production")
    return "production, and nothing that is unsafe there"


def _code(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("code"))
    except (ValueError, AttributeError):
        return "(no code)"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


# Name, check, and what to do if it fails.
CHECKS: list[tuple[str, Callable[[Target], str], str]] = [
    ("settings", _settings, "Correct them in the environment of every process; .env.example"),
    ("database", _database, "Check DB_URL; upgrade the database, then pgmq"),
    (
        "migrations",
        _migrations,
        "Missing: `supabase db push --remote`, or `migrate`. Unknown: check from a newer checkout",
    ),
    ("catalogue", _grants, "Find who changed it; undo it there or write a migration for it"),
    ("queues", _queues, "`python -m workers doctor`; resume QUEUE; the seed in the migrations"),
    ("logins", _logins, "Set their passwords; use the direct or the session pooler's address"),
    ("connections", _connections, "Fewer replicas, a lower WORKER_CONNECTIONS, or a larger server"),
    ("workers", _workers, "Start workers for every queue; their log says what they lack"),
    (
        "webhook keys",
        _webhook_keys,
        "WEBHOOK_SECRET_KEYS: same at the workers and here; `workers register-webhook-key`",
    ),
    ("edge", _ready, "The log of the edge says what it lacks; EDGE_URL must be its public address"),
    ("keys", _keys, "EDGE_ISSUER and EDGE_SIGNING_KEYS_FILE must be the same at the edge and here"),
    ("stripe webhook", _stripe_webhook, "STRIPE_WEBHOOK_SECRETS: same at Stripe, edge and here"),
    ("clerk webhook", _clerk_webhook, "CLERK_WEBHOOK_SECRETS: same at Clerk, edge and here"),
    ("edge metrics", _metrics, "Have the proxy in front hide /metrics (docs/edge.md)"),
    ("api", _postgrest, "Check API_URL and ANON_KEY; reload PostgREST's schema cache"),
    ("api schemas", _schemas, "Expose `public` alone: Settings → API, or PGRST_DB_SCHEMAS"),
    ("api guard", _pre_request, "Reload PostgREST's configuration: notify pgrst, 'reload config'"),
    ("api keys", _accepts_our_keys, "Third-party auth with EDGE_ISSUER (docs/deploy.md), or jwks"),
    ("sign-ups", _sign_ups, "Authentication → Sign in: turn new users off (docs/deploy.md)"),
    ("clocks", _clocks, "Start time synchronisation where the clock is off"),
]
