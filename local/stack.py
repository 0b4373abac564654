"""The whole stack: up, down, reset. Each may be repeated and repairs what a crash left."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from core import webhook_secrets
from core.config import (
    EdgeSettings,
    LocalSettings,
    WebhookSecretSettings,
    WorkerSettings,
    load,
)
from core.database import connect
from local import (
    environment,
    health,
    keys,
    postgres,
    postgrest,
    processes,
    provisioning,
    stripe_server,
)
from local.layout import ROOT, Layout, prepare
from local.profiles import PROFILES

_PROCFILE = ROOT / "local" / "Procfile"
_PROCESSES = ("postgrest", "edge", "clerk", "gateway", "worker")
_PROCESS_PORTS = (
    "api_port",
    "rest_port",
    "rest_admin_port",
    "edge_port",
    "clerk_port",
    "worker_metrics_port",
)

# An idle machine needs nine. A busy one must not look broken, and whoever waits is told for what.
_READY_SECONDS = 900.0
_TELL_SECONDS = 30.0
_LAST_LINES = 3
_MAX_LOG_BYTES = 20 * 1024 * 1024


class StackError(RuntimeError):
    """The stack can't be brought up; the message says what to do."""


def up(settings: LocalSettings, say: Callable[[str], None]) -> Layout:
    """Starts each process that does not run yet. Returns once every process answers."""
    layout = prepare(settings.local_dir, settings.profile)
    with _exclusive(layout):
        keys.ensure(layout)
        variables = environment.of_processes(settings, layout)
        _require_settings(variables)
        is_running = _running_supervisor(layout, variables)
        is_stripe_fake = settings.stripe == "fake"
        if not is_running:
            _require_ports(settings, _PROCESS_PORTS + ("stripe_port",) * is_stripe_fake)
        _start_database(settings, layout, say)
        _register_webhook_key(settings, layout, variables)
        if not is_stripe_fake:
            _forget_stand_in(settings, layout)
        if not is_running:
            say("Starting PostgREST, the edge, the gateway and a worker …")
            _start_processes(layout, variables, [*_PROCESSES, *["stripe"] * is_stripe_fake])
        _wait_until_healthy(settings, layout, say)
    return layout


def down(settings: LocalSettings) -> None:
    """Stops everything, the database last, whatever its profile."""
    layout = prepare(settings.local_dir)
    with _exclusive(layout):
        processes.stop(layout.directory)
        _stop_databases(settings)


def reset(settings: LocalSettings) -> None:
    """Stops everything and deletes all data and keys."""
    down(settings)
    layout = prepare(settings.local_dir)
    for path in (layout.keys, layout.metrics):
        shutil.rmtree(path, ignore_errors=True)
    for path in (layout.log, layout.postgrest_config, layout.stripe):
        path.unlink(missing_ok=True)
    for each in _layouts(settings):
        shutil.rmtree(each.data, ignore_errors=True)
        each.applied_migrations.unlink(missing_ok=True)


def _layouts(settings: LocalSettings) -> list[Layout]:
    return [Layout(settings.local_dir, profile) for profile in PROFILES]


def _stop_databases(settings: LocalSettings) -> None:
    for layout in _layouts(settings):
        postgres.stop(layout.data)


@contextmanager
def _exclusive(layout: Layout) -> Iterator[None]:
    """One command at a time changes the stack. The system releases the lock of a killed one."""
    with layout.lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _running_supervisor(layout: Layout, variables: dict[str, str]) -> bool:
    """Whether the stack runs with these settings; otherwise stops what is left of it."""
    top = processes.supervisor(layout.directory)
    if top is not None and environment.fingerprint_of(top) == variables[environment.FINGERPRINT]:
        return True
    processes.stop(layout.directory)
    return False


def _require_settings(variables: dict[str, str]) -> None:
    """Raises for settings that a process would refuse; it would end and restart again and again."""
    problems: list[str] = []
    for kind in (EdgeSettings, WorkerSettings):
        given = {name: variables.get(name.upper()) for name in kind.model_fields}
        try:
            load(kind, **given)
        except SystemExit as refused:
            problems += str(refused).splitlines()
    if problems:
        listed = "\n".join(f"  {problem}" for problem in dict.fromkeys(problems))
        raise StackError(f"Settings that the stack refuses, of the environment or .env:\n{listed}")


def _require_ports(settings: LocalSettings, names: tuple[str, ...]) -> None:
    taken = [
        f"  {name.upper()}={getattr(settings, name)}"
        for name in names
        if not processes.is_port_free(getattr(settings, name))
    ]
    if taken:
        raise StackError(
            "Another program listens on ports that the stack needs:\n"
            + "\n".join(taken)
            + "\nStop it, or set these variables to free ports (in the environment or in .env)."
        )


def _start_database(settings: LocalSettings, layout: Layout, say: Callable[[str], None]) -> None:
    profile = PROFILES[settings.profile]
    profile.require_binaries()
    if postgres.running_port(layout.data) != settings.db_port:
        _stop_databases(settings)
        _require_ports(settings, ("db_port",))
        say("Starting PostgreSQL …")
    server = postgres.start(layout.data, settings.db_port, profile=profile)
    superuser_url = server.superuser_url()
    provisioning.prepare_platform(superuser_url, profile)
    provisioning.set_passwords(superuser_url, keys.passwords(layout))
    if edited := provisioning.edited_since(layout.applied_migrations):
        say(f"Edited after they were applied here: {', '.join(edited)}. `make reset` starts anew.")
    if provisioning.has_pending_migrations(superuser_url):
        say("Applying migrations …")
        provisioning.migrate(environment.database_url(settings, layout, "postgres"))
        provisioning.set_passwords(superuser_url, keys.passwords(layout))
        provisioning.remember_applied(layout.applied_migrations)
    postgrest.write_config(layout.postgrest_config, _postgrest_settings(settings, layout, server))


def _postgrest_settings(
    settings: LocalSettings, layout: Layout, server: postgres.Server
) -> dict[str, str]:
    return {
        "db-uri": server.url("authenticator"),
        "db-schemas": "public",
        "db-anon-role": "anon",
        "db-pool": "10",
        "db-max-rows": postgrest.MAX_ROWS,
        "jwt-secret": f"@{layout.public_keys}",
        "jwt-aud": "authenticated",
        "openapi-mode": "follow-privileges",
        "server-host": "127.0.0.1",
        "server-port": str(settings.rest_port),
        "admin-server-port": str(settings.rest_admin_port),
    } | postgrest.settings_of(postgrest.version_of(postgrest.find(ROOT, settings.postgrest_bin)))


def _register_webhook_key(
    settings: LocalSettings, layout: Layout, variables: dict[str, str]
) -> None:
    """Registers the worker's newest key for new webhook secrets. Only the owner may."""
    given = load(WebhookSecretSettings, webhook_secret_keys=variables["WEBHOOK_SECRET_KEYS"])
    keys_ = [key.get_secret_value() for key in given.webhook_secret_keys]
    url = environment.database_url(settings, layout, "postgres")
    with connect(url, application_name="stack") as db:
        webhook_secrets.register(db, webhook_secrets.WebhookSecrets(keys_).newest)


def _forget_stand_in(settings: LocalSettings, layout: Layout) -> None:
    """Without the row that names the stand-in, a real key does not look like a wrong account."""
    url = environment.database_url(settings, layout, "postgres")
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(
            "delete from private.stripe_account where account = %s",
            [f"{stripe_server.ACCOUNT_ID}/test"],
        )


def _start_processes(layout: Layout, variables: dict[str, str], names: list[str]) -> None:
    shutil.rmtree(layout.metrics, ignore_errors=True)
    layout.metrics.mkdir(mode=0o700)
    if layout.log.exists() and layout.log.stat().st_size > _MAX_LOG_BYTES:
        layout.log.replace(layout.log.with_suffix(".log.1"))
    layout.log.touch(mode=0o600)
    options = ["-e", os.devnull, "-f", str(_PROCFILE), "--no-colour"]
    with layout.log.open("a") as log:
        subprocess.Popen(
            [sys.executable, "-m", "honcho", *options, "start", *names],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd=ROOT,
            env=variables,
        )


def _wait_until_healthy(
    settings: LocalSettings, layout: Layout, say: Callable[[str], None]
) -> None:
    began_at = told_at = time.monotonic()
    while unhealthy := [each for each in health.check(settings, layout) if each.problem]:
        now = time.monotonic()
        if now - began_at > _READY_SECONDS:
            raise StackError(_not_up(now - began_at, layout, unhealthy))
        if now - told_at > _TELL_SECONDS:
            say(_not_up(now - began_at, layout, unhealthy))
            told_at = now
        time.sleep(0.2)


def _not_up(seconds: float, layout: Layout, unhealthy: list[health.Health]) -> str:
    problems = "\n".join(
        "\n    ".join([f"  {each.name}: {each.problem}", *_last_words(layout, each.name)])
        for each in unhealthy
    )
    return f"Not up after {seconds:.0f} s:\n{problems}\nSee `make logs`."


def _last_words(layout: Layout, name: str) -> list[str]:
    """The end of what a process wrote to the log."""
    with layout.log.open(errors="replace") as log:
        lines = deque((line.rstrip() for line in log if f" {name}." in line[:20]), _LAST_LINES)
    return list(lines)
