"""The chart's edge and worker as pods on this machine: a product becomes a pack through them.

`python -m tests.deploy.play` needs helm (or HELM), podman, the image (IMAGE) and `make up`. The
stack's own worker must leave the queue alone: `WORKER_QUEUES=maintenance make up`. Podman knows no
Secret by reference and no probe without curl: those parts of the pods are replaced here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import yaml

from core.config import LocalSettings, load
from local import clerk, environment
from local.layout import ROOT, Layout

EDGE_PORT, METRICS_PORT = 8087, 8088
IMAGE = os.environ.get("IMAGE", "localhost/creatorscook:dev")
HELM = os.environ.get("HELM") or shutil.which("helm") or "helm"
SHOP = "https://shop.creatorscook.example/bottle"
PATIENCE_SECONDS = 300


def run(*command: str, **options: Any) -> str:
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def pods(settings: LocalSettings, signing: Path) -> list[dict[str, Any]]:
    """The chart's edge and its worker of the queue `ingestion`, for this machine."""
    given = environment.of_processes(settings, Layout(settings.local_dir))
    local = {name: given[name] for name in ("WEBHOOK_DB_URL", "WORKER_DB_URL", "PSEUDONYM_KEY")}
    local |= {n: given[n] for n in given if n.startswith("CLERK_") and n != "CLERK_PORT"}
    local |= {"EDGE_ISSUER": given["EDGE_ISSUER"], "APP_ENV": "development"}
    local |= {"EDGE_PORT": str(EDGE_PORT), "WORKER_METRICS_PORT": str(METRICS_PORT)}
    documents = yaml.safe_load_all(run(HELM, "template", "cc", str(ROOT / "deploy" / "chart")))
    names = ("cc-edge", "cc-worker-ingestion")
    kept = [
        each
        for each in documents
        if each and each["kind"] == "Deployment" and each["metadata"]["name"] in names
    ]
    for deployment in kept:
        deployment["spec"]["replicas"] = 1
        pod = deployment["spec"]["template"]["spec"]
        pod["hostNetwork"] = True
        pod.pop("topologySpreadConstraints")
        [container] = pod["containers"]
        container |= {"image": IMAGE, "imagePullPolicy": "Never"}
        container["envFrom"] = [{"configMapRef": {"name": "local"}}]
        container["env"] = [e for e in container["env"] if e["name"] != "DRAIN_SECONDS"]
        for name in ("ports", "startupProbe", "livenessProbe", "readinessProbe"):
            container.pop(name)
        for volume in pod["volumes"]:
            if volume["name"] == "signing":
                volume.pop("secret")
                volume["hostPath"] = {"path": str(signing), "type": "Directory"}
            if volume["name"] == "tmp":
                volume["emptyDir"] = {}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "local"}, "data": local}
    return [config, *kept]


def main() -> int:
    """Prints the pack's score; exit status 1 if there is none."""
    settings = load(LocalSettings, _env_file=ROOT / ".env")
    layout = Layout(settings.local_dir)
    signing = settings.local_dir.resolve() / "play"
    signing.mkdir(exist_ok=True)
    (signing / "keys.json").write_text(layout.edge_keys.read_text())
    (signing / "keys.json").chmod(0o644)
    signing.chmod(0o755)
    file = signing / "pods.yaml"
    file.write_text(yaml.safe_dump_all(pods(settings, signing)))
    run("podman", "kube", "play", "--replace", str(file))
    try:
        return product_to_pack(settings, layout)
    finally:
        started = time.monotonic()
        run("podman", "kube", "down", str(file))
        sys.stdout.write(f"down after {time.monotonic() - started:.0f} s\n")
        shutil.rmtree(signing)


def product_to_pack(settings: LocalSettings, layout: Layout) -> int:
    edge = f"http://127.0.0.1:{EDGE_PORT}"
    until(lambda: is_up(f"{edge}/readyz") and is_up(f"http://127.0.0.1:{METRICS_PORT}/healthz"))
    session = clerk.session_token(
        layout.clerk_key,
        "player",
        issuer=f"http://127.0.0.1:{settings.clerk_port}",
        origin=settings.app_url,
        now=int(time.time()),
    )
    answer = httpx.post(f"{edge}/auth/session", headers={"Authorization": f"Bearer {session}"})
    token = answer.raise_for_status().json()["access_token"]
    rest = httpx.Client(
        base_url=f"{environment.api_url(settings)}/rest/v1",
        headers={"Authorization": f"Bearer {token}", "Prefer": "return=representation"},
        timeout=60,
    )
    [product] = rest.post("/products", json={"name": "Bottle", "source_url": SHOP}).json()
    query = f"/product_overview?id=eq.{product['id']}"
    until(lambda: rest.get(query).json()[0]["pack_id"], tell=lambda: rest.get(query).text)
    [pack] = rest.get(f"/virality_packs?product_id=eq.{product['id']}&select=name,score").json()
    sys.stdout.write(f"{json.dumps(pack)}\n")
    return 0


def is_up(url: str) -> bool:
    try:
        return httpx.get(url, timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def until(condition: Any, tell: Any = lambda: "") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"Not within {PATIENCE_SECONDS} s: {tell()}")
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
