"""`python -m local COMMAND`: the stack on this machine. The Makefile is its usual front."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from core.config import LocalSettings, TargetSettings, inherited_environment, load
from local import (
    clerk,
    environment,
    health,
    pages,
    postgres,
    provisioning,
    rotation,
    scratch,
    stack,
)
from local.layout import ROOT, Layout
from local.tools import checks, client_types, deploy_check, generated
from local.tools import schema as schema_tool

_EXPECTED_ERRORS = (
    stack.StackError,
    provisioning.CommandFailedError,
    RuntimeError,
    httpx.HTTPError,
)


def main() -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=_COMMANDS)
    parser.add_argument("arguments", nargs="*")
    parsed = parser.parse_args()
    settings = load(LocalSettings, _env_file=ROOT / ".env")
    try:
        return _COMMANDS[parsed.command](settings, *parsed.arguments)
    except _EXPECTED_ERRORS as error:
        print(error, file=sys.stderr)
        return 1


def up(settings: LocalSettings, failed: str = "") -> int:
    """`failed` is "dashboard" if it could not be built; the API starts without it."""
    stack.up(settings, _say)
    print(f"Up: {environment.api_url(settings)} (`make status`, `make logs`, `make down`)")
    if failed == "dashboard":
        is_there = (pages.FOLDER / "index.html").exists()
        state = "is the one of an earlier build" if is_there else "is not there; the API is"
        print(f"The dashboard {state}. Its error is above; `make dashboard` tries again.")
    return 0


def down(settings: LocalSettings) -> int:
    stack.down(settings)
    print("Down.")
    return 0


def reset(settings: LocalSettings) -> int:
    stack.reset(settings)
    print("Down; data and keys removed.")
    return 0


def demo(settings: LocalSettings) -> int:
    # Imported here: supabase-py takes a second to load, and only this command needs it.
    from local.demo import flow as demonstration  # noqa: PLC0415

    demonstration.run(settings)
    return 0


def demo_billing(settings: LocalSettings) -> int:
    # Imported here: it brings a Stripe of its own, which no other command needs.
    from local.demo import billing as demonstration  # noqa: PLC0415

    demonstration.run(settings, _say)
    return 0


def trace(settings: LocalSettings) -> int:
    # Imported here: only this command needs OpenTelemetry's messages.
    from local.demo import trace as demonstration  # noqa: PLC0415

    demonstration.run(settings)
    return 0


def status(settings: LocalSettings) -> int:
    """Exit status 1 if something is not well."""
    states = health.check(settings, Layout(settings.local_dir, settings.profile))
    for each in states:
        print(f"{each.name:10} {each.url:40} {each.problem or 'ok'}")
    return int(any(each.problem for each in states))


def env(settings: LocalSettings) -> int:
    for name, value in environment.published(settings, _existing(settings)).items():
        print(f"{name}={value}")
    return 0


def token(
    settings: LocalSettings, name: str = "alice", organisation: str = "", role: str = "admin"
) -> int:
    signed_in = clerk.sign_in(
        settings, _existing(settings), name, organisation=organisation or None, role=role
    )
    print(signed_in.text)
    return 0


def session(
    settings: LocalSettings, name: str = "alice", organisation: str = "", role: str = "admin"
) -> int:
    layout = _existing(settings)
    print(clerk.local_session(settings, layout, name, organisation=organisation or None, role=role))
    return 0


def rotate_keys(settings: LocalSettings) -> int:
    rotation.rotate(settings, _existing(settings), _say)
    return 0


def check(settings: LocalSettings) -> int:
    """Runs every check of `make check`; 1 if one finds anything."""
    return int(not checks.run(settings))


def check_target(settings: LocalSettings, file: str = "") -> int:
    """Looks at the target of the environment and `file`, otherwise at the stack on this machine.

    `file` has settings as deploy/production.env.example. No shell can read it: URLs contain `&`.
    """
    if file and not Path(file).is_file():
        raise stack.StackError(f"There is no file {file}.")
    given = inherited_environment(Path(file) if file else ROOT / ".env")
    if file and "EDGE_PUBLIC_URL" in given:
        given.setdefault("EDGE_URL", given["EDGE_PUBLIC_URL"])
    if not file and "DB_URL" not in given:
        given = environment.of_processes(settings, _existing(settings))
    wanted = {name: given.get(name.upper()) for name in TargetSettings.model_fields}
    target = deploy_check.Target(
        load(TargetSettings, **wanted),
        given,
        expected=lambda: deploy_check.checkout_catalogue(settings.local_dir),
    )
    print(f"{target.rest}\n{target.edge}\n")
    lines = deploy_check.run(target)
    print(deploy_check.shown(lines))
    return int(any(line.state == "FAIL" for line in lines))


def schema(settings: LocalSettings) -> int:
    """Exit status 1 while the migrations leave another database than the schemas say."""
    schema_tool.INITIAL.write_text(schema_tool.initial_migration())
    with scratch.database(settings.local_dir) as database:
        generated.write(database, generated.SCHEMA_PAGE)
        missing = schema_tool.compare(settings.local_dir, database.server)
    if missing:
        print(f"A migration is missing:\n{missing}", file=sys.stderr)
    return int(bool(missing))


def migration(settings: LocalSettings, name: str) -> int:
    with scratch.database(settings.local_dir) as database:
        print(schema_tool.draft(name, settings.local_dir, database).relative_to(ROOT))
    return 0


def types(settings: LocalSettings) -> int:
    with scratch.database(settings.local_dir) as database:
        generated.write(
            database,
            generated.TYPES,
            generated.DOCUMENTS,
            generated.DOCUMENTS_SCHEMA,
            generated.PYTHON_TYPES,
            generated.OPENAPI,
        )
    client_types.write()
    return 0


def docs(settings: LocalSettings) -> int:
    with scratch.database(settings.local_dir) as database:
        generated.write(database, generated.API_PAGE)
    return 0


def logs(settings: LocalSettings) -> int:
    """Follows the log on a terminal. A pipe gets all of it, and ends."""
    wanted = ("-n", "100", "-F") if sys.stdout.isatty() else ("-n", "+1")
    os.execvp("tail", ["tail", *wanted, str(_existing(settings).log)])  # noqa: S606


def psql(settings: LocalSettings) -> int:
    url = urlsplit(environment.database_url(settings, _existing(settings), "postgres"))
    binary = postgres.BIN_DIR / "psql"
    address = f"postgresql://{url.username}@{url.hostname}:{url.port}{url.path}"
    # The password goes through the environment: every user of the machine can read arguments.
    os.execve(binary, [str(binary), address], os.environ | {"PGPASSWORD": url.password or ""})  # noqa: S606


def _existing(settings: LocalSettings) -> Layout:
    layout = Layout(settings.local_dir, settings.profile)
    if not layout.passwords.exists():
        raise stack.StackError("The stack has never been up here: `make up` first.")
    return layout


def _say(text: str) -> None:
    print(text, flush=True)


_COMMANDS: dict[str, Callable[..., int]] = {
    "demo": demo,
    "demo-billing": demo_billing,
    "trace": trace,
    "up": up,
    "down": down,
    "reset": reset,
    "status": status,
    "env": env,
    "token": token,
    "session": session,
    "rotate-keys": rotate_keys,
    "logs": logs,
    "psql": psql,
    "check": check,
    "deploy-check": check_target,
    "schema": schema,
    "migration": migration,
    "types": types,
    "docs": docs,
}


if __name__ == "__main__":
    sys.exit(main())
