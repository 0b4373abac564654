"""The chart, as Helm renders it: valid, least privilege, within the database's connections.

`make chart` installs Helm and names it as `HELM`. Another one may be on PATH.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from typing import Any

import pytest
import yaml

from core.addresses import NOT_PUBLIC
from core.config import EdgeSettings, WorkerSettings, load
from core.queues import QUEUES
from local.layout import ROOT
from tests.database import Database
from tests.patience import PATIENCE_SECONDS

HELM = os.environ.get("HELM") or shutil.which("helm")
CHART = ROOT / "deploy" / "chart"
pytestmark = pytest.mark.skipif(HELM is None, reason="Helm is not installed: run `make chart`.")
EVERYTHING = ("--set=postgrest.enabled=true", "--set=database.connections=100")
EVERYTHING += ("--set=edge.ingress.enabled=true", "--set=database.caConfigMap=database-ca")
KUBE = {"Deployment", "Job", "Service", "ConfigMap", "Ingress"}
KUBE |= {"NetworkPolicy", "PodDisruptionBudget"}


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(HELM), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
    )


@cache
def rendered(*options: str) -> tuple[dict[str, Any], ...]:
    result = helm("template", "cc", str(CHART), *options)
    assert result.returncode == 0, result.stderr
    return tuple(each for each in yaml.safe_load_all(result.stdout) if each)


def of_kind(*kinds: str, options: tuple[str, ...] = EVERYTHING) -> list[dict[str, Any]]:
    return [each for each in rendered(*options) if each["kind"] in kinds]


def pods() -> dict[str, dict[str, Any]]:
    return {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]
        for each in of_kind("Deployment", "Job")
    }


def refused(*options: str) -> str:
    result = helm("template", "cc", str(CHART), *options)
    assert result.returncode == 1
    return result.stderr


def test_helm_finds_nothing_to_say():
    result = helm("lint", "--strict", str(CHART))
    assert (result.returncode, "[ERROR]" in result.stdout) == (0, False), result.stdout


def test_every_kind_is_valid_for_kubernetes():
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    assert len(of_kind(*KUBE)) > 12
    for each in of_kind(*KUBE):
        kubernetes_validate.validate(each, "1.34", strict=True)


def test_pods_have_least_privilege():
    for name, pod in pods().items():
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["securityContext"]["runAsUser"] == 65532, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        [container] = pod["containers"]
        guard = container["securityContext"]
        assert guard["capabilities"] == {"drop": ["ALL"]}, name
        assert guard["readOnlyRootFilesystem"] is True, name
        assert guard["allowPrivilegeEscalation"] is False, name
        assert {"requests", "limits"} <= container["resources"].keys(), name
        assert "memory" in container["resources"]["limits"], name


def test_every_process_that_stays_has_probes_a_budget_and_a_policy():
    deployments = of_kind("Deployment")
    budgets = {each["metadata"]["name"] for each in of_kind("PodDisruptionBudget")}
    assert {each["metadata"]["name"] for each in deployments} == budgets
    for each in deployments:
        [container] = each["spec"]["template"]["spec"]["containers"]
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()
    policies = {each["metadata"]["name"] for each in of_kind("NetworkPolicy")}
    assert policies == {"cc-default", "cc-edge", "cc-workers", "cc-postgrest"}


def test_the_first_policy_lets_nothing_in():
    [default] = [e for e in of_kind("NetworkPolicy") if e["metadata"]["name"] == "cc-default"]
    assert default["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in default["spec"]


def test_workers_reach_no_private_address_but_the_database():
    [workers] = [e for e in of_kind("NetworkPolicy") if e["metadata"]["name"] == "cc-workers"]
    [egress] = workers["spec"]["egress"]
    blocks = [each["ipBlock"] for each in egress["to"]]
    assert {*blocks[0]["except"], *blocks[1]["except"]} == set(map(str, NOT_PUBLIC))


def test_secrets_are_references_alone():
    text = helm("template", "cc", str(CHART), *EVERYTHING).stdout
    assert of_kind("Secret") == []
    assert re.findall(r"postgresql://|whsec_|sk_live|rk_live", text) == []


@pytest.mark.parametrize("name", ["WORKER_DB_URL", "STRIPE_SECRET_KEY", "OPENAI_API_KEY"])
def test_a_secret_among_the_settings_is_refused(name):
    assert name in refused(f"--set=config.{name}=x")


def test_the_settings_are_those_that_production_accepts():
    [config] = of_kind("ConfigMap")
    database = "postgresql://{}:M2fL9vQ7xT4s@db.shop.test/postgres?sslmode=verify-full"
    secrets = {
        "WEBHOOK_DB_URL": database.format("webhook"),
        "WORKER_DB_URL": database.format("worker"),
        "CLERK_WEBHOOK_SECRETS": "whsec_aGVsbG8=",
        "PSEUDONYM_KEY": "u8Zr1WqT5nLb0YcXk3Vd7HsJ2fGm9PaE",
        "EDGE_SIGNING_KEYS_FILE": "/run/signing/keys.json",
    }
    given = config["data"] | secrets
    for kind in (EdgeSettings, WorkerSettings):
        known = {name: given[name.upper()] for name in kind.model_fields if name.upper() in given}
        assert load(kind, **known).app_env == "production"
    names = {name.upper() for kind in (EdgeSettings, WorkerSettings) for name in kind.model_fields}
    assert config["data"].keys() <= names


def test_all_queues_have_workers_and_their_depth_scales_them(db: Database):
    deployments = {each["metadata"]["name"]: each for each in of_kind("Deployment")}
    scaled = of_kind("ScaledObject")
    seen: list[str] = []
    for each in scaled:
        target = deployments[each["spec"]["scaleTargetRef"]["name"]]
        [container] = target["spec"]["template"]["spec"]["containers"]
        queues = container["args"][2].split(",")
        seen += queues
        assert "replicas" not in target["spec"]  # KEDA decides
        [trigger] = each["spec"]["triggers"]
        query = trigger["metadata"]["query"]
        assert set(re.findall(r"'(\w+)'", query)) == set(queues)
        with db.as_worker() as worker:  # the login that KEDA has
            assert worker.value(query) == 0
    assert sorted(seen) == sorted(QUEUES)
    [login] = of_kind("TriggerAuthentication")
    assert login["spec"]["secretTargetRef"][0]["key"] == "WORKER_DB_URL"


def test_due_jobs_count_and_those_of_a_paused_queue_do_not(db: Database):
    [ingestion] = [
        e for e in of_kind("ScaledObject") if e["metadata"]["name"] == "cc-worker-ingestion"
    ]
    query = ingestion["spec"]["triggers"][0]["metadata"]["query"]
    db.execute("select private.enqueue('watch_products', null, null, null)")
    queue = db.value("select queue from private.job_kinds where kind = 'watch_products'")
    query = query.replace("'ingestion'", f"'{queue}'")
    with db.as_worker() as worker:
        assert worker.value(query) == 1
    db.execute("update private.queues set is_paused = true where queue = %s", queue)
    with db.as_worker() as worker:
        assert worker.value(query) == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--set=edge.replicas=9",), "connections, database.connections is 60"),
        (("--set=workers.billing.queues={billing}",), "has the queue maintenance"),
        (("--set=workers.scripts.minReplicas=3",), "maxReplicas below its minReplicas"),
        (("--set=database.ports={6543}",), "database"),
        (("--set=workers.scripts.queues={nothing}",), "scripts"),
        (("--set=image.digest=sha256:short",), "digest"),
    ],
    ids=[
        "connections",
        "a queue without workers",
        "replicas",
        "a pooler's port",
        "no queue",
        "digest",
    ],
)
def test_values_that_cannot_work_are_refused(options, sentence):
    assert sentence in refused(*options)


def test_the_internet_reaches_every_route_but_the_counters():
    [ingress] = of_kind("Ingress")
    [rule] = ingress["spec"]["rules"]
    paths = [each["path"] for each in rule["http"]["paths"]]
    routes = yaml.safe_load((ROOT / "docs" / "edge.openapi.yaml").read_text())["paths"]
    hidden = [
        route for route in routes if not any(f"{route}/".startswith(f"{path}/") for path in paths)
    ]
    assert hidden == ["/metrics"]


def test_migrations_run_before_anything_new():
    [job] = of_kind("Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["migrate"]
    [url] = [each for each in container["env"] if each["name"] == "DB_URL"]
    assert url["valueFrom"]["secretKeyRef"]["key"] == "DB_URL"


def test_a_pod_has_the_time_that_its_process_needs_to_stop():
    edge = pods()["cc-edge"]
    [container] = edge["containers"]
    drain = int(next(e["value"] for e in container["env"] if e["name"] == "DRAIN_SECONDS"))
    probe = container["readinessProbe"]
    assert drain > probe["periodSeconds"] * probe["failureThreshold"]
    assert edge["terminationGracePeriodSeconds"] >= drain + 25  # gunicorn's graceful timeout
