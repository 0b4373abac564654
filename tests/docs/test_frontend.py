"""docs/frontend.md: its files compile against the committed types, and run against the stack.

What the page shows is what is compiled: there is no second copy of an example.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local import stripe
from local.layout import ROOT
from tests.docs.test_errors import EDGE, POSTGREST, in_page
from tests.flow import shop as shops
from tests.flow.stack import LocalStack, configured
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.flow
# What comes without our doing, or from other versions: named in the text of errors.md.
OUTAGES = {"PGRST000", "PGRST001", "PGRST002", "PGRST003", "PGRST201", "PGRST303", "40P01"}
HERE = Path(__file__).parent / "frontend"
PAGE = (ROOT / "docs" / "frontend.md").read_text()
FILES = dict(re.findall(r"^```(?:js|ts|tsx) (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Inside the project, where Node finds its packages."""
    folder = ROOT / ".local" / f"flow-{os.getpid()}-frontend"
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def compiled(folder: Path) -> Path:
    result = compile_files(folder / "good", FILES)
    assert result.returncode == 0, result.stdout
    return folder / "good" / "out"


def compile_files(folder: Path, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    for name in ("database.ts", "documents.ts"):
        shutil.copy(ROOT / "supabase" / "types" / name, folder)
    shutil.copy(HERE / "tsconfig.json", folder)
    return subprocess.run(
        [ROOT / "node_modules" / ".bin" / "tsc", "--project", folder],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


def test_every_block_of_code_is_a_file_that_is_compiled(compiled: Path):
    assert len(FILES) == len(re.findall(r"^```(?:js|ts|tsx)", PAGE, re.MULTILINE)) >= 13
    assert {path.stem for path in compiled.iterdir()} == {"database", "documents"} | {
        name.split(".")[0] for name in FILES
    }


def test_every_function_of_the_page_is_run():
    exported = set(re.findall(r"^export (?:async )?function\*? (\w+)", PAGE, re.MULTILINE))
    run_by = (HERE / "drive.mjs").read_text() + "".join(
        line for line in PAGE.splitlines(keepends=True) if "function" not in line
    )
    assert len(exported) >= 25
    assert {name for name in exported if not re.search(rf"\b{name}\b", run_by)} == set()


@pytest.mark.parametrize(
    ("right", "wrong", "error"),
    [
        ("insert({ name, source_url })", "insert({ name })", "source_url"),
        ("select('id').single()", "select('colour').single()", "colour"),
        ("from('product_overview')", "from('product_overviews')", "product_overviews"),
        ("{ product_id })", "{ product: product_id })", "product"),
    ],
)
def test_the_types_tell_a_wrong_example(folder: Path, right: str, wrong: str, error: str):
    assert right in FILES["products.ts"]
    files = FILES | {"products.ts": FILES["products.ts"].replace(right, wrong)}
    result = compile_files(folder / error, files)
    assert result.returncode != 0
    assert error in result.stdout


@pytest.fixture(scope="module")
def report(compiled: Path) -> Iterator[dict[str, Any]]:
    fake = stripe.FakeStripe()
    with shops.opened("lamp") as shop, stripe.serving(fake):
        fake.offer()
        stack = configured(
            ROOT / ".local" / f"flow-{os.getpid()}-docs",
            FETCH_ALLOW=f"127.0.0.1:{shop.server_port}",
            STRIPE_SECRET_KEY="sk_test_docs",
            STRIPE_API_BASE=fake.base,
            STRIPE_WEBHOOK_SECRETS=stripe.SECRET,
        )
        try:
            started = stack.run("up", check=False)
            assert started.returncode == 0, started.stderr
            with paying(fake):
                yield run(stack, compiled, shop)
        finally:
            stack.stop()


@contextmanager
def paying(fake: stripe.FakeStripe) -> Iterator[None]:
    """Somebody pays as soon as there is a checkout page."""
    done = threading.Event()

    def pay() -> None:
        while not done.wait(0.05):
            for checkout in fake.of("checkout.session", status="open")[:1]:
                fake.pay(checkout["id"])
                return

    thread = threading.Thread(target=pay)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def run(stack: LocalStack, compiled: Path, shop: shops.Shop) -> dict[str, Any]:
    variables = {
        "COMPILED": str(compiled),
        "API_URL": stack.env["API_URL"],
        "ANON_KEY": stack.env["ANON_KEY"],
        "PRODUCT_URL": shop.url("/lamp"),
        "SLOW_URL": shop.url("/slow"),
        "SESSIONS": json.dumps(
            {name: stack.session_token(name) for name in ("owner", "busy", "watcher")}
        ),
        "CODES": json.dumps(sorted(in_page(POSTGREST) | in_page(EDGE) | OUTAGES)),
    }
    done = subprocess.run(
        ["node", HERE / "drive.mjs"],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | variables,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_sign_in_is_exchanged_once_and_again_before_it_expires(report: dict[str, Any]):
    # Three requests at once; at 4:29 of five minutes; at 4:31.
    assert report["exchanges"] == {"atOnce": 1, "before": 1, "afterwards": 2}
    assert report["plain"] == []
    assert report["nobody"] == {
        "show": "Sign in first: this needs an access token.",
        "then": "sign in",
    }
    assert report["refused"] == {"code": "invalid_token", "status": 401}
    assert report["repeated"] == "string"


def test_state_and_code_of_tiktok_are_handed_over(report: dict[str, Any]):
    assert report["tiktok"] == ["tiktok_not_configured", "invalid_state"]


def test_a_refused_exchange_keeps_its_code_and_is_asked_once(report: dict[str, Any]):
    sentence = "The server has a problem. Try again in a minute."
    away = "The server is out of reach. Check your connection and try again."
    assert report["refusals"] == {
        "invalid_token": refused("invalid_token", then="sign in"),
        "rate_limited": refused("rate_limited", then="wait", seconds=7),
        "sign_in_unavailable": refused("sign_in_unavailable", then="wait", seconds=5),
        "": refused("unavailable", show=sentence, then="wait", seconds=60),
        "offline": refused("offline", show=away, then="try again"),
    }


def refused(code: str, show: str = "A sentence.", **advice: object) -> dict[str, object]:
    """Two requests in a row were answered from one exchange."""
    return {"exchanges": 1, "code": code, "show": show} | advice


def test_who_signs_out_leaves_no_token_behind(report: dict[str, Any]):
    assert report["persons"] == [3, "not_signed_in", 0]


def test_a_token_that_is_refused_is_replaced_once(report: dict[str, Any]):
    assert report["freshToken"] == {"isToken": True, "asked": [False, True]}
    assert report["early"] == 1


def test_a_refused_request_is_not_repeated_as_somebody_else(report: dict[str, Any]):
    assert report["otherPerson"] == [["POST"], "PGRST303"]


def test_links_to_nothing_lead_back(report: dict[str, Any]):
    assert (
        report["links"]
        == [{"show": "This is not there, or it is not yours.", "then": "go back"}] * 2
    )
    assert report["offline"]["then"] == "try again"


def test_no_code_shows_jargon(report: dict[str, Any]):
    native = {code for code in report["advised"] if not code.islower()}
    assert native >= OUTAGES | {"PGRST116", "22P02", "57014", "PGRST103", "PGRST107"}
    assert {code for code in native if report["advised"][code]["isOurs"]} == set()
    assert {code for code, said in report["advised"].items() if not said["then"]} == set()


def test_a_watch_ends_with_its_job_and_with_its_person(report: dict[str, Any]):
    assert report["ended"] == [None, None]


def test_the_react_page_renders(report: dict[str, Any]):
    assert report["page"] == (
        '<button>Sign in</button><main><form><input placeholder="Name" name="name"/>'
        '<input placeholder="https://" name="url"/><button>Add</button></form><ul></ul></main>'
    )


def test_products_are_added_listed_and_watched(report: dict[str, Any]):
    assert report["watched"] == {
        "first": "analyze_product",
        "last": "succeeded",
        "is": "succeeded",
    }
    assert report["locales"] == ["de", "en"]
    assert report["again"] == {"kind": "analyze_product", "status": "succeeded"}
    assert (report["unwatched"], report["cancelled"]) == (None, "cancelled")
    assert report["pages"] == [["Hat", "Mug", "Lamp"], ["Mug", "Lamp"]]
    assert report["overview"] == ["succeeded", True]
    assert report["detail"] == {
        "packs": 1,
        "results": ["sentiment_summary", "virality_breakdown"],
        "scripts": 2,
    }


def test_changes_of_a_job_are_pushed_where_there_is_realtime(report: dict[str, Any]):
    assert report["realtime"] == {
        "read": 100,
        "pushed": 55,
        "wanted": [["UPDATE", "jobs", True]],
        "hasToken": True,
    }


def test_rules_are_saved_by_name_and_adopted_once(report: dict[str, Any]):
    assert report["upsert"] == {"same": True, "severities": ["info", "error"]}
    assert report["wrongRule"] == {
        "show": "The rule's params.terms must have 1 to 100 entries.",
        "then": "mark field",
        "field": "params.terms",
    }
    assert report["adopted"] == {"rules": 6, "again": True}


def test_a_text_is_checked_and_marked_while_it_is_typed(report: dict[str, Any]):
    assert report["verdict"] == {
        "rule_name": "No miracles",
        "kind": "banned_phrase",
        "severity": "error",
        "status": "fail",
        "spans": [{"field": "body", "start": 5, "end": 12}],
        "message": "Promise less.",
        "suggestion": None,
    }
    assert report["highlighted"] == [["🔥 A ", []], ["m1racle", ["No miracles"]], [" lamp", []]]
    assert report["typed"] == ["🔥 A m1racle lamp", " "]


def test_scripts_are_written_refused_restored_and_finished(report: dict[str, Any]):
    assert report["ai"] == {"origin": "ai", "status": "draft", "watched": "generate_script"}
    broken = {
        "rule_name": "No miracles",
        "message": "Promise less.",
        "spans": [{"field": "body", "start": 6, "end": 13}],
    }
    assert report["notFinal"] == ["mark rules", [broken]]
    assert report["versions"] == [[1, "#ad A lamp."]]
    assert report["restored"] == {"content": "#ad A lamp.", "version": 4}
    assert report["final"] == "final"


def test_a_product_is_watched_compared_and_charted(report: dict[str, Any]):
    assert report["history"] == {"points": 2, "isInOrder": True, "complaints": True}
    # Both analyses read the same page.
    assert report["changed"] == []
    assert report["notWatched"] == {
        "show": "Your plan does not include watching products.",
        "then": "upgrade",
        "resetsAt": None,
    }
    assert report["isWatched"] == {"watch": "weekly"}
    assert report["compared"] == [["Lamp", False], ["Hat", True]]
    assert report["itself"] == {
        "show": "A product can't compete with itself.",
        "then": "mark field",
        "field": "competitor_id",
    }
    nothing = {"n": None, "hits": None, "rate": None, "ci95": None}
    assert report["records"] == [nothing | {"n": 0, "hits": 0}, nothing]


def test_what_happened_is_told_and_marked_as_read(report: dict[str, Any]):
    assert (report["unread"], report["marked"]) == ([], [])
    assert report["told"] == "The video of Lamp is a breakout now."


def test_a_brand_has_its_products_and_rules_and_is_archived(report: dict[str, Any]):
    assert report["brand"] == [1, ["No lamps"]]
    assert report["brandRules"] == [1, 0]
    assert report["brandKept"] == "brand_in_use"
    assert report["archived"] == [["sale"], "product_archived"]


def test_two_tabs_conflict_instead_of_overwriting(report: dict[str, Any]):
    assert report["conflicts"] == [None, None, None]
    assert report["saved"] == ["#ad A miracle.", "Lamp", 3]


def test_many_products_are_answered_one_by_one(report: dict[str, Any]):
    assert report["noneImported"] == [[None, None], [None, "invalid_url"]]
    details = {"field": "source_url", "reason": "no_scheme"}
    assert report["imported"] == [None, "invalid_url", details]


def test_a_pack_is_shared_with_anybody_until_it_is_revoked(report: dict[str, Any]):
    assert [len(line) > 5 for line in report["summaries"]] == [True, True]
    assert report["shared"] == [True, True, False]
    types = [f"text/{kind};charset=utf-8" for kind in ("markdown", "csv")]
    assert report["downloads"] == [types[0], True, types[1]]
    assert report["csv"] == '\ufeff"section"'
    assert report["shares"] == [True]
    assert report["revoked"] == "not_found"


def test_each_refusal_says_what_to_do(report: dict[str, Any]):
    assert report["wrongUrl"] == {
        "show": "The source URL must start with http:// or https://.",
        "then": "mark field",
        "field": "source_url",
    }
    assert report["quota"] == {
        "show": "Your plan includes 5 products, and 5 are in use.",
        "then": "upgrade",
        "resetsAt": None,
    }
    assert report["limited"]["then"] == "wait"
    assert 0 < report["limited"]["seconds"] <= 60
    assert report["notThere"] == {"show": "There is no such product.", "then": "go back"}


def test_a_plan_is_bought_and_changed(report: dict[str, Any]):
    limits = {"products": 5, "analyses": 20, "scripts": 20, "requests_per_minute": 120}
    assert report["free"] == {
        "plan": "free",
        "limits": limits,
        "products": 5,
        "subscription": None,
    }
    assert report["resets"] is True
    assert report["plans"] == ["free", "creator", "agency"]
    assert (report["prices"], report["yen"]) == (["$29.00", "$290.00"], "¥2,900")
    assert report["paid"] == {"plan": "creator", "status": "active", "limit": 50}
    assert report["addresses"] == ["checkout.stripe.test", "billing.stripe.test"]
    assert report["twice"] == {
        "code": "already_subscribed",
        "status": 409,
        "message": "There is a subscription already. Change it in the customer portal.",
    }


def test_a_person_takes_everything_along_and_leaves(report: dict[str, Any]):
    assert report["exported"] == {"products": 5, "plan": "creator"}
    assert report["gone"] == {"show": "This account has been deleted.", "then": "sign in"}
