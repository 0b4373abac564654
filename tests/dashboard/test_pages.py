"""The gateway serves the built page at its addresses, and the API at all others."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from werkzeug.test import Client

from core.config import LocalSettings
from local import keys, pages
from local.layout import ROOT, prepare
from tests.patience import PATIENCE_SECONDS


def _api(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"the API"]


@pytest.fixture
def client(tmp_path: Path) -> Client:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>the page</title>")
    (folder / "assets" / "index-1.js").write_text("1")
    settings = LocalSettings(local_dir=tmp_path / "local", clerk_port=4321)
    keys.ensure(prepare(settings.local_dir))
    return Client(pages.with_dashboard(_api, settings, folder))


@pytest.mark.parametrize("path", ["/", "/products", "/products/1/history", "/billing/success"])
def test_the_page_is_at_its_addresses(client: Client, path: str):
    answer = client.get(path)
    assert (answer.status_code, answer.text) == (200, "<title>the page</title>")
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/rest/v1/products", "/auth/session", "/metrics", "//metrics", "/tiktok/connect", "/x"]
)
def test_everything_else_is_the_api(client: Client, path: str):
    assert client.get("/", environ_overrides={"PATH_INFO": path}).text == "the API"


def test_only_reading_gets_the_page(client: Client):
    assert client.post("/products").text == "the API"


def test_files_are_kept_for_a_year_and_none_outside_is_served(client: Client):
    answer = client.get("/assets/index-1.js", buffered=True)
    assert (answer.status_code, answer.text) == (200, "1")
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    outside = client.get("/assets/../index.html")
    assert outside.text == "the API"


def test_the_policy_lets_the_page_talk_to_the_api_and_to_clerk_only(client: Client):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "connect-src 'self' http://127.0.0.1:4321;" in policy
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy


def test_the_page_learns_public_settings_only(client: Client):
    told = json.loads(client.get("/settings.json").text)
    assert told.keys() == {"anonKey", "clerkUrl"}
    assert told["clerkUrl"] == "http://127.0.0.1:4321"


def test_without_a_built_page_the_api_is_all_there_is(tmp_path: Path):
    application = pages.with_dashboard(_api, LocalSettings(local_dir=tmp_path), tmp_path / "none")
    answer = Client(application).get("/products")
    assert (answer.status_code, answer.text) == (HTTPStatus.NOT_FOUND, "the API")


def test_the_gateway_knows_each_address_of_the_page():
    routes = (ROOT / "local" / "dashboard" / "src" / "routes.tsx").read_text()
    # Below a product, and below the developers' page.
    nested = {"people", "video", "history", "compare", "webhooks"}
    firsts = {
        path.strip("/").split("/")[0] for path in re.findall(r"path: '([^'*]+)'", routes)
    } - nested
    assert firsts - {""} == pages.ADDRESSES


@pytest.mark.usefixtures("built")
def test_the_sources_are_served_beside_the_stack_of_this_project():
    script = (
        "const { resolveConfig } = await import('vite');"
        "console.log((await resolveConfig({}, 'serve')).server.proxy['/rest'])"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", script],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        cwd=ROOT / "local" / "dashboard",
        env={"PATH": os.environ["PATH"], "API_PORT": "4321"},
    )
    assert done.stdout.strip() == "http://127.0.0.1:4321"
