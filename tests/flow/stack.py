"""The whole stack as `make up` starts it, in a folder and on ports of the test session's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
from psutil import Process

from core.config import LocalSettings, setting_names
from local import clerk, environment, postgres, processes
from local.layout import ROOT, Layout
from local.profiles import PROFILES
from local.scratch import free_port
from tests import server
from tests.patience import GUNICORN, PATIENCE_SECONDS

_PORTS = (
    "api_port",
    "db_port",
    "rest_port",
    "rest_admin_port",
    "edge_port",
    "clerk_port",
    "worker_metrics_port",
    "stripe_port",
)
Row = dict[str, Any]


@dataclass(frozen=True)
class LocalStack:
    """`variables` is the environment of its commands."""

    settings: LocalSettings
    variables: dict[str, str]

    @property
    def layout(self) -> Layout:
        return Layout(self.settings.local_dir, self.settings.profile)

    @property
    def rest(self) -> str:
        return f"{environment.api_url(self.settings)}/rest/v1"

    @cached_property
    def env(self) -> dict[str, str]:
        """What `make env` prints."""
        return environment.published(self.settings, self.layout)

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`python -m local COMMAND`, as the Makefile runs it."""
        return subprocess.run(
            [sys.executable, "-m", "local", *command],
            check=check,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            cwd=ROOT,
            env=self.variables,
        )

    def session_token(self, name: str) -> str:
        """What Clerk would give the browser of the local user called `name`."""
        return clerk.session_token(
            self.layout.clerk_key,
            name,
            issuer=f"http://127.0.0.1:{self.settings.clerk_port}",
            origin=self.settings.app_url,
            now=int(time.time()),
        )

    def sign_in(self, name: str) -> httpx.Client:
        """A client of the REST API that acts as the local user called `name`."""
        return httpx.Client(
            base_url=self.rest,
            auth=_Session(lambda: self._access_token(name)),
            headers={"Prefer": "return=representation"},
            timeout=PATIENCE_SECONDS,
        )

    def _access_token(self, name: str) -> str:
        answer = httpx.post(
            f"{self.env['API_URL']}/auth/session",
            headers={"Authorization": f"Bearer {self.session_token(name)}"},
            timeout=PATIENCE_SECONDS,
        )
        return str(answer.raise_for_status().json()["access_token"])

    def log(self, lines: int = 40) -> str:
        """The end of what the stack's processes have logged."""
        return "\n".join(self.layout.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        """Ends every process and removes every file of it."""
        self.run("down")
        shutil.rmtree(self.layout.directory)


class _Session(httpx.Auth):
    """Exchanges for a new token when one has ended: a busy machine takes longer than it lives."""

    requires_response_body = True

    def __init__(self, exchange: Callable[[], str]) -> None:
        self._exchange = exchange
        self._token = exchange()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        answer = yield request
        if answer.status_code == httpx.codes.UNAUTHORIZED and "expired" in answer.text:
            self._token = self._exchange()
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request


def remove_leftovers() -> None:
    """Ends and removes the stacks that killed test sessions left behind."""
    for stack in (*server.leftovers("flow-*"), *server.leftovers("robust-*")):
        processes.stop(stack)
        for profile in PROFILES:
            postgres.stop(Layout(stack, profile).data, mode="immediate")
        shutil.rmtree(stack, ignore_errors=True)  # another process removes it, too


def configured(folder: Path, **settings: str) -> LocalStack:
    """A stack in `folder` on free ports, of this session's profile; nothing is started yet."""
    ports = {name: free_port() for name in _PORTS}
    # Empty variables hide what a developer's .env says.
    hidden = dict.fromkeys(setting_names(), "")
    chosen = {name.upper(): str(port) for name, port in ports.items()}
    placed = {"LOCAL_DIR": str(folder), "PROFILE": server.PROFILE.name}
    variables = os.environ | GUNICORN | hidden | chosen | settings | placed
    return LocalStack(
        LocalSettings(local_dir=folder, profile=server.PROFILE.name, **ports), variables
    )


def add_product(client: httpx.Client, source_url: str, name: str = "Bottle") -> Row:
    """A product added over the API."""
    answer = client.post("/products", json={"name": name, "source_url": source_url})
    assert answer.is_success, answer.text
    return answer.json()[0]


def job_of(client: httpx.Client, product: Row) -> Row:
    """The newest job of a product as its owner sees it."""
    query = f"/jobs?product_id=eq.{product['id']}&order=created_at.desc&limit=1"
    answer = client.get(query)
    assert answer.is_success, answer.text
    return answer.json()[0]


def wait_until(client: httpx.Client, product: Row, is_enough: Callable[[Row], bool]) -> Row:
    """The product's job as soon as it looks like that; a hung one fails with how it looks."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_enough(job := job_of(client, product)):
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
    return job


def finished(job: Row) -> bool:
    return job["finished_at"] is not None


def processes_of(stack: LocalStack, *command: str) -> list[Process]:
    """The stack's Python processes that run exactly this."""
    found = processes.of_stack(stack.layout.directory)
    return [process for process in found if process.cmdline()[1:] == list(command)]


def sample_with(folder: Path, canary: str) -> Path:
    """The packaged sample data with `canary` in every caption and comment."""
    packaged = files("workers.sources") / "sample_data"
    for name in ("videos.json", "comments.json", "product.json"):
        content = json.loads((packaged / name).read_text())
        for item in content if isinstance(content, list) else []:
            item["text"] = f"{item['text']} {canary}"
        (folder / name).write_text(json.dumps(content))
    return folder
