"""Starts what answers requests: PostgREST in several settings, and the peers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from local import postgrest
from tests.benchmarks.api import data
from tests.benchmarks.jobs.target import Target
from tests.server import ROOT, free_port

NODE = Path(__file__).parent / "node"
_UVICORN = ["--host", "127.0.0.1", "--no-access-log", "--log-level", "warning"]
_START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A program that answers HTTP on a port, and whom it asks in turn."""

    port: int
    process_id: int
    behind: tuple[int, ...] = ()

    @property
    def process_ids(self) -> list[int]:
        """Of everything that works for a request, but for PostgreSQL."""
        return [self.process_id, *self.behind]


@dataclass
class Place:
    """The database, the signing key and a folder for configuration and logs."""

    target: Target
    folder: Path
    _key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def __post_init__(self) -> None:
        public = json.loads(ECAlgorithm.to_jwk(self._key.public_key())) | {"alg": "ES256"}
        self.public_key.write_text(json.dumps(public))
        self.key_set.write_text(json.dumps({"keys": [public]}))

    @property
    def public_key(self) -> Path:
        """One JWK, for the peers."""
        return self.folder / "key.json"

    @property
    def key_set(self) -> Path:
        """A JWKS, for PostgREST."""
        return self.folder / "keys.json"

    def tokens(self, accounts: int, *, is_member: bool = False) -> list[str]:
        """An access token for each of the first accounts, its own or of a member."""
        return [
            jwt.encode(data.claims(account, is_member=is_member), self._key, algorithm="ES256")
            for account in range(accounts)
        ]


# As `make up` runs it: on one core, in long turns.
_SETTLED = (sys.executable, "-m", "local.postgrest")
# All servers get long turns: each of them does better so.
_LONG_TURNS = ("chrt", "--batch", "0")


@contextmanager
def postgrest_server(
    place: Place,
    name: str,
    prefix: tuple[str, ...] = _SETTLED,
    variables: Mapping[str, str] = MappingProxyType({}),
    **changed: str,
) -> Iterator[Server]:
    """PostgREST as the project sets it up; `changed` settings use _ for the dash.

    `prefix` is the program that starts it, such as taskset.
    """
    port = free_port()
    settings = {
        "db-uri": place.target.url("authenticator"),
        "db-schemas": "public",
        "db-anon-role": "anon",
        "db-pool": "10",
        # What the role says would win over the file: here the file says it all.
        "db-config": "false",
        "db-pre-request": "private.before_request",
        "jwt-secret": f"@{place.key_set}",
        "jwt-aud": "authenticated",
        # Longer than the run: otherwise a verification of every token falls into some measurement.
        "jwt-cache-max-lifetime": "7200",
        "log-level": "crit",
        "server-host": "127.0.0.1",
        "server-port": str(port),
    } | {setting.replace("_", "-"): value for setting, value in changed.items()}
    config = place.folder / f"{name}.conf"
    postgrest.write_config(config, {key: value for key, value in settings.items() if value})
    command = [*prefix, str(postgrest.find(ROOT)), str(config)]
    with _running(place, name, command, port, variables) as server:
        yield server


@contextmanager
def uvicorn_server(
    place: Place, module: str, scheme: str, *, is_bare: bool = False
) -> Iterator[Server]:
    """One of peers/*.py, a process per core; bare: without what our API does before a request."""
    port = free_port()
    target = place.target
    url = f"{scheme}://authenticator@/{target.database}?host={target.socket_dir}&port={target.port}"
    command = [sys.executable, "-m", "uvicorn", f"tests.benchmarks.api.peers.{module}:app"]
    command += [*_UVICORN, "--port", str(port), "--workers", str(os.cpu_count() or 1)]
    variables = {"DATABASE_URL": url, "BARE": str(int(is_bare))}
    with _running(place, f"{module}-{is_bare}", command, port, variables) as server:
        yield server


@contextmanager
def express_server(place: Place, *, is_bare: bool = False) -> Iterator[Server]:
    """Express on one process, whose loop one core is enough for; bare as above."""
    port = free_port()
    url = f"postgresql://authenticator@localhost:{place.target.port}/{place.target.database}"
    variables = {
        "DATABASE_URL": f"{url}?host={place.target.socket_dir}",
        "PORT": str(port),
        "NODE_ENV": "production",
        "BARE": str(int(is_bare)),
    }
    command = ["node", str(NODE / "express.js")]
    with _running(place, f"express-{is_bare}", command, port, variables) as server:
        yield server


@contextmanager
def next_server(place: Place, behind: Server) -> Iterator[Server]:
    """`next start` of the production build; its routes ask the PostgREST behind."""
    port = free_port()
    program = NODE / "node_modules" / "next" / "dist" / "bin" / "next"
    command = ["node", str(program), "start", str(NODE), "-H", "127.0.0.1", "-p", str(port)]
    variables = {
        "POSTGREST_URL": f"http://127.0.0.1:{behind.port}",
        "NODE_ENV": "production",
        "NEXT_TELEMETRY_DISABLED": "1",
    }
    with _running(place, "next", command, port, variables) as server:
        yield Server(server.port, server.process_id, (behind.process_id,))


@contextmanager
def _running(
    place: Place, name: str, command: list[str], port: int, variables: Mapping[str, str]
) -> Iterator[Server]:
    log = place.folder / f"{name}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*_LONG_TURNS, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=ROOT,
            env={**os.environ, "PUBLIC_KEY": str(place.public_key), **variables},
        )
    try:
        _wait_for_an_answer(port, process, log)
        yield Server(port, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def _wait_for_an_answer(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            # PostgREST answers 503 until its schema is loaded; a peer has no such page.
            if httpx.get(f"http://127.0.0.1:{port}/plans").status_code != 503:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{log.stem} does not answer:\n{log.read_text()[-3000:]}")
