"""Signing keys are replaced while requests run, and none of them fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.amount import rounds
from tests.fakes.clerk import Clerk
from tests.patience import PATIENCE_SECONDS
from tests.postgrest import serve
from tests.webhooks.edge import Edge, make_settings, signing_jwk
from webhooks.app import create_app
from webhooks.key_rotation import add, edit, promote, retire


def kids(keys):
    return [key["kid"] for key in keys]


def test_the_steps_of_a_rotation():
    one = [signing_jwk("one")]
    both = add(one)
    assert kids(both)[0] == "one"
    assert kids(promote(both)) == kids(both)[::-1]
    assert retire(promote(both)) == [both[-1]]


def test_a_step_from_the_command_line(tmp_path):
    path = tmp_path / "edge.json"
    path.write_text(json.dumps({"keys": [signing_jwk("one")]}))
    command = [sys.executable, "-m", "webhooks.key_rotation", str(path), "add"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert kids(json.loads(path.read_text())["keys"]) == printed
    assert (printed[0], len(printed)) == ("one", 2)


@pytest.mark.parametrize(("before", "after"), [(0o600, 0o600), (0o640, 0o640), (0o644, 0o640)])
def test_a_step_keeps_the_group_that_may_read_and_shuts_out_all_others(tmp_path, before, after):
    path = tmp_path / "edge.json"
    path.write_text(json.dumps({"keys": [signing_jwk("one")]}))
    path.chmod(before)
    group = 65532 if os.geteuid() == 0 else os.getgid()
    os.chown(path, -1, group)
    edit(path, "add")
    assert path.stat().st_mode & 0o777 == after
    assert after == 0o600 or path.stat().st_gid == group
    assert [each.name for each in tmp_path.iterdir()] == ["edge.json"]


def test_a_broken_file_is_left_alone(tmp_path):
    path = tmp_path / "edge.json"
    path.write_text("{}")
    with pytest.raises(ValueError, match="signing key file"):
        edit(path, "add")
    assert path.read_text() == "{}"


class Traffic:
    """People who sign in and read, without a pause, until told to stop."""

    def __init__(self, edge, url):
        self.edge, self.url = edge, url
        self.failed, self.kids, self.done = [], set(), 0
        self.stopping = threading.Event()

    def run(self, number):
        client = self.edge.app.test_client()
        with httpx.Client(base_url=self.url, timeout=PATIENCE_SECONDS) as reader:
            while not self.stopping.is_set():
                self.one(client, reader, number)
                self.done += 1

    def one(self, client, reader, number):
        headers = self.edge.bearer(f"user_{number}")
        answer = client.post("/auth/session", headers=headers)
        if answer.status_code != 200:
            self.failed.append(answer.json)
            return
        token = answer.json["access_token"]
        self.kids.add(token.split(".")[0])
        read = reader.get("/products", headers={"Authorization": f"Bearer {token}"})
        if read.status_code != 200:
            self.failed.append(read.text)


@pytest.fixture
def published(db, tmp_path):
    """PostgREST with the edge's public keys, which `publish` writes and has it read again."""
    folder = tmp_path / "postgrest"
    folder.mkdir()
    servers = serve(db, folder)
    running = next(servers)

    def publish(keys):
        public = [{k: v for k, v in key.items() if k != "d"} for key in keys]
        (folder / "jwks.json").write_text(json.dumps({"keys": public}))
        db.execute("notify pgrst, 'reload config'")
        time.sleep(0.5)

    yield running.url, publish
    servers.close()


def test_a_rotation_under_load_fails_no_request(db, tmp_path, published):
    url, publish = published
    changes = {"sessions_per_minute": 100_000, "edge_token_seconds": 60}
    settings = make_settings(db.url("webhook"), tmp_path, **changes)
    path = settings.edge_signing_keys_file
    publish(json.loads(path.read_text())["keys"])
    traffic = Traffic(edge_in_real_time(settings), url)
    with ThreadPoolExecutor(4) as people:
        running = [people.submit(traffic.run, number) for number in range(4)]
        for _ in range(rounds(1, full=5)):
            time.sleep(0.3)
            publish(edit(path, "add"))
            edit(path, "promote")
            time.sleep(1.5)
        wait_until(lambda: traffic.done > 50)  # under load means that there was some
        traffic.stopping.set()
    assert [task.result() for task in running] == [None] * 4
    assert traffic.failed == []
    assert len(traffic.kids) == rounds(2, full=6)


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def edge_in_real_time(settings):
    """PostgREST has the machine's clock, so the edge must have it, too."""

    class Now(Edge):
        now = property(lambda _: int(time.time()), lambda _self, _value: None)

    app = create_app(settings)
    return Now(app, app.test_client(), Clerk(), settings.edge_signing_keys_file)
