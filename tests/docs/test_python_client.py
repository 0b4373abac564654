"""The client for Python, and the Python example of docs/frontend.md, against the whole stack."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx
import pytest

from local.layout import ROOT
from tests.docs.conftest import Running
from tests.docs.page import FILES
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.flow
PACKAGE = ROOT / "supabase" / "client" / "python"


@pytest.fixture(scope="module")
def library() -> Iterator[ModuleType]:
    """The package, as a program that has installed it imports it."""
    sys.path.insert(0, str(PACKAGE))
    import creatorscook_client  # noqa: PLC0415

    yield creatorscook_client
    sys.path.remove(str(PACKAGE))
    del sys.modules[creatorscook_client.__name__]


@pytest.fixture
def exchanges(library: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[httpx.Response]:
    """Every answer of the exchange."""
    answers: list[httpx.Response] = []
    post = httpx.post

    def counted(url: str, **options: Any) -> httpx.Response:
        answer = post(url, **options)
        if url.endswith("/auth/session"):
            answers.append(answer)
        return answer

    monkeypatch.setattr(library.httpx, "post", counted)
    return answers


@pytest.fixture
def connect(library: ModuleType, running: Running) -> Iterator[Callable[..., Any]]:
    """A client of the local user of this name, or of whoever the function gives."""
    clients = []

    def connected(who: Any, **settings: Any) -> Any:
        tokens = library.local_clerk(running.clerk_url, who) if isinstance(who, str) else who
        address, key = running.stack.env["API_URL"], running.stack.env["ANON_KEY"]
        clients.append(library.connect(address, key, tokens, **settings))
        return clients[-1]

    yield connected
    for client in clients:
        client.options.httpx_client.close()


def add(client: Any, url: str) -> dict[str, Any]:
    product = {"name": "Lamp", "source_url": url}
    return client.table("products").insert(product).execute().data[0]


def test_the_example_of_the_guide_runs(running: Running, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", FILES["example.py"]],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        env=running.variables(tmp_path) | {"PYTHONPATH": str(PACKAGE)},
    )
    assert done.returncode == 0, done.stderr
    *stages, headline = done.stdout.splitlines()
    assert stages[-1] == "done"
    assert headline.startswith("Lamp: film the page test first")


def test_a_token_is_exchanged_once_and_again_before_it_expires(
    library: ModuleType, connect: Any, exchanges: list[httpx.Response], monkeypatch: Any
):
    client = connect("python-renewal")
    clock = {"passed": 0}
    now = SimpleNamespace(monotonic=lambda: time.monotonic() + clock["passed"])
    monkeypatch.setattr(library, "time", now)
    counts = []
    for clock["passed"] in (0, 1, 260, 275):
        client.table("products").select("id").execute()
        counts.append(len(exchanges))
    assert counts == [1, 1, 1, 2]


def test_threads_share_one_exchange(connect: Any, exchanges: list[httpx.Response]):
    client = connect("python-threads")
    client.postgrest  # noqa: B018 - made at first use, by one thread
    threads = [
        threading.Thread(target=client.table("products").select("id").execute) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in exchanges] == [200]


def test_a_token_that_ends_early_is_replaced_once(connect: Any, exchanges: list[httpx.Response]):
    client = connect("python-early")
    transport = client.options.httpx_client._transport
    mine = transport._session.current()
    mine.token = mine.token[:-4] + "AAAA"
    client.table("products").select("id").execute()
    assert len(exchanges) == 2


def test_a_refused_exchange_is_an_error_of_the_api(
    library: ModuleType, connect: Any, exchanges: list[httpx.Response]
):
    with pytest.raises(library.APIError) as refused:
        connect(lambda: "no.clerk.token").table("products").select("id").execute()
    assert (refused.value.code, len(exchanges)) == ("invalid_token", 1)
    with pytest.raises(library.APIError) as away:
        connect("alice", edge_url="http://127.0.0.1:9").table("products").select("id").execute()
    assert away.value.code == "offline"
    with pytest.raises(library.APIError) as nobody:
        connect(lambda: None).table("products").select("id").execute()
    assert nobody.value.code == "not_signed_in"
    with pytest.raises(library.APIError) as wrong:
        add(connect("python-wrong"), "lamp")
    assert wrong.value.code == "invalid_url"
    assert library.details(wrong.value) == {"field": "source_url", "reason": "no_scheme"}


def test_the_next_person_does_not_get_the_token_of_the_last(
    library: ModuleType, connect: Any, running: Running
):
    first, second = (
        library.local_clerk(running.clerk_url, name) for name in ("python-first", "python-second")
    )
    clerk = [first]

    def token() -> str | None:
        return clerk[-1]()

    client = connect(token)
    add(client, running.shop.url("/lamp"))
    assert len(client.table("products").select("id").execute().data) == 1
    clerk.append(second)
    assert client.table("products").select("id").execute().data == []


def test_an_organisation_acts_for_its_account(library: ModuleType, connect: Any, running: Running):
    viewer = library.local_clerk(running.clerk_url, "python-viewer", org="acme-py", role="viewer")
    client = connect(viewer)
    assert client.rpc("account", get=True).execute().data["role"] == "viewer"
    with pytest.raises(library.APIError) as refused:
        add(client, running.shop.url("/lamp"))
    assert refused.value.code == "role_not_allowed"


def test_make_session_prints_what_may_be_exchanged(connect: Any, running: Running):
    made = running.stack.run("session", "python-maker", "acme-made", "editor").stdout.strip()
    account = connect(lambda: made).rpc("account", get=True).execute().data
    assert (account["role"], len(made.split("."))) == ("editor", 3)


def test_a_watch_ends_when_its_job_is_gone_and_when_it_is_stopped(
    library: ModuleType, connect: Any, running: Running
):
    client = connect("python-watch")
    product = add(client, running.shop.url("/slow"))
    [job] = client.table("jobs").select("*").eq("product_id", product["id"]).execute().data
    stop = threading.Event()
    assert library.watch_job(client, job["id"], lambda _: stop.set(), stop=stop) is None

    def delete(_: dict[str, Any]) -> None:
        client.table("products").delete().eq("id", product["id"]).execute()

    assert library.watch_job(client, job["id"], delete) is None
