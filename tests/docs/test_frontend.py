"""docs/frontend.md: its files compile against the committed types, and run against the stack.

What the page shows is what is compiled: there is no second copy of an example.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.layout import ROOT
from local.tools import client_types
from tests.docs.conftest import Running
from tests.docs.page import FILES, HERE, INTEGRATIONS, PAGE, SCRIPTS, compile_files
from tests.docs.test_errors import actions
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.flow
# What comes without our doing, or from other versions: named in the text of errors.md.
OUTAGES = {"PGRST000", "PGRST001", "PGRST002", "PGRST003", "PGRST201", "PGRST303", "40P01"}
# What errors.md says to do, and what `advice` says; the first pattern that is found counts.
ACTIONS = {
    r"report it": "report",
    r"to sign-in|sign the person out|Clerk": "sign in",
    r"larger plan|offer the plans": "upgrade",
    r"show the broken rules": "mark rules",
    r"go back|as not found|nothing more": "go back",
    r"^wait( that long)?, then repeat": "wait",
    r"repeat once|(try|connect|run|run it|run the analysis|begin|load `plans`) again": "try again",
    r"^mark|change the name|let the person": "mark field",
    r"": "nothing",
}
# No field is known to these.
UNMARKED = {"22P05", "22003"}
CLIENT = ROOT / "supabase" / "client"
EXPORTED = r"^export (?:async )?(?:function\*?|class) (\w+)"


def test_every_block_of_code_is_a_file_that_compiles(folder: Path):
    result = compile_files(folder / "good", SCRIPTS)
    assert result.returncode == 0, result.stdout
    assert len(FILES) == len(re.findall(r"^```(?:js|ts|tsx|python)", PAGE, re.MULTILINE)) >= 10
    assert re.findall(r"^```(?:js|ts|tsx)\b.*$", INTEGRATIONS, re.MULTILINE) == ["```ts keys.ts"]
    compiled = {path.stem for path in (folder / "good" / "out").iterdir()}
    assert compiled == {name.split(".")[0] for name in SCRIPTS}


def test_the_types_of_the_client_are_what_its_files_say():
    assert client_types.stale() == []


def test_every_function_of_the_client_is_run():
    exported = {
        name
        for path in CLIENT.glob("*.js")
        if path.name != "watching.js"
        for name in re.findall(
            r"^export (?:async )?function\*? (\w+)", path.read_text(), re.MULTILINE
        )
    }
    run_by = "".join(path.read_text() for path in HERE.glob("*.mjs")) + "".join(SCRIPTS.values())
    assert len(exported) >= 50
    assert {name for name in exported if not re.search(rf"\b{name}\b", run_by)} == {"presence"}


def test_the_readme_of_the_client_names_what_it_exports():
    readme = (CLIENT / "README.md").read_text()
    for path in CLIENT.glob("*.js"):
        names = re.findall(EXPORTED, path.read_text(), re.MULTILINE)
        if path.name not in {"watching.js", "index.js"}:
            [row] = re.findall(rf"^\| `{path.name}` \| (.*) \|$", readme, re.MULTILINE)
            assert {name for name in names if name not in row} <= {"presence"}, path.name


@pytest.mark.parametrize(
    ("file", "right", "wrong", "error"),
    [
        ("app.tsx", "source_url: String(form", "url: String(form", "source_url"),
        ("card.ts", "score_band, configuration')", "colour, configuration')", "colour"),
        ("card.ts", "from('virality_packs')", "from('packs')", "packs"),
        ("card.ts", "hooks[0]?.text", "hooks[0].text", "possibly 'undefined'"),
        ("editor.ts", "({ rule_name, message })", "({ rule, message })", "rule"),
        ("refusals.ts", "'mark field'", "'mark the field'", "mark the field"),
    ],
    ids=["insert", "column", "table", "list", "verdict", "advice"],
)
def test_the_types_tell_a_wrong_example(
    folder: Path, file: str, right: str, wrong: str, error: str
):
    assert right in FILES[file]
    files = SCRIPTS | {file: FILES[file].replace(right, wrong)}
    result = compile_files(folder / re.sub(r"\W", "-", error), files)
    assert result.returncode != 0
    assert error in result.stdout


def expected_advice() -> dict[str, str]:
    """What `advice` should say about each code of errors.md."""
    return {
        code: next(then for words, then in ACTIONS.items() if re.search(words, action))
        for code, action in actions().items()
        if code not in UNMARKED
    }


def run(script: str, variables: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        ["node", HERE / script],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        cwd=ROOT,
        env=variables,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def report(running: Running, project: Path) -> dict[str, Any]:
    codes = dict.fromkeys(OUTAGES, False) | {
        code: then == "mark field" for code, then in expected_advice().items()
    }
    return run("drive.mjs", running.variables(project) | {"CODES": json.dumps(codes)})


@pytest.fixture(scope="module")
def browser(running: Running, project: Path) -> dict[str, Any]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("No page was opened: Chromium is missing (apt-get install chromium).")
    return run("browser.mjs", running.variables(project) | {"CHROMIUM": chromium})


def test_sign_in_is_exchanged_once_and_again_before_it_expires(report: dict[str, Any]):
    # Three requests at once; at 3:20 of five minutes; at 4:31.
    assert report["exchanges"] == {"atOnce": 1, "before": 1, "afterwards": 2}
    assert (report["token"], report["plansOfNobody"]) == ("string", 3)
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
        "account_deleted": refused("account_deleted", then="sign in"),
        "rate_limited": refused("rate_limited", then="wait", seconds=7),
        "sign_in_unavailable": refused("sign_in_unavailable", then="wait", seconds=5),
        "quota_exceeded": refused("quota_exceeded", then="upgrade", resetsAt="2026-12-01"),
        "": refused("unavailable", show=sentence, then="wait", seconds=60),
        "offline": refused("offline", show=away, then="try again"),
    }


def refused(code: str, show: str = "A sentence.", **advice: object) -> dict[str, object]:
    """Two reads and a request to the edge were answered from one exchange, the first at once."""
    return {"exchanges": 1, "isQuick": True, "code": code, "show": show} | advice


def test_who_signs_out_leaves_no_token_behind(report: dict[str, Any]):
    assert report["persons"] == [3, "not_signed_in", "not_signed_in", 0]


def test_a_token_that_is_refused_is_replaced_once(report: dict[str, Any]):
    assert report["freshToken"] == 1
    assert report["early"] == 1


def test_nothing_is_done_or_shown_for_who_has_left(report: dict[str, Any]):
    # Refused, then not repeated; answered too late; gone before the exchange had ended.
    assert report["otherPerson"] == [["POST"], "signed_out", "nothing"]
    assert report["lateAnswer"] == [None, "signed_out"]
    assert report["leftEarly"] == ["signed_out", 0]


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


def test_advice_does_what_the_page_of_errors_says(report: dict[str, Any]):
    expected = expected_advice()
    assert len(expected) > 100
    assert set(expected.values()) == set(ACTIONS.values())
    advised = {code: said["then"] for code, said in report["advised"].items()}
    assert {code: advised[code] for code in expected if advised[code] != expected[code]} == {}
    outages = {code: advised[code] for code in OUTAGES - expected.keys()}
    assert outages == dict.fromkeys(outages, "try again") | {"PGRST201": "report"}
    show = {"show": "A sentence."}
    marked = show | {"then": "mark field", "field": "source_url"}
    assert report["jobAdvice"] == [show | {"then": "nothing"}, marked, None]


def test_a_watch_ends_with_its_job_and_with_its_person(report: dict[str, Any]):
    assert report["ended"] == [None, None]


def test_the_react_page_renders(report: dict[str, Any]):
    assert report["page"] == (
        '<button>Sign in</button><main><form><input placeholder="Name" name="name"/>'
        '<input placeholder="https://" name="source_url"/><button>Add</button></form>'
        "<ul></ul></main>"
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
    # It reads at first, and when the channel says that something changed. Then the channel breaks.
    assert report["realtime"] == {
        "seen": [10, 55, 70, 100],
        "reads": 0,
        "status": "succeeded",
        "polled": [20, 30],
        "aborted": None,
        "wanted": [["*", "jobs", True]],
        "hasToken": True,
    }
    assert report["noRealtime"] == ["succeeded", "succeeded"]


def test_who_signs_out_follows_nothing_any_more(report: dict[str, Any]):
    assert report["leftRealtime"] == [None, 0]


def test_the_pages_of_the_guide_show_rows(report: dict[str, Any]):
    assert re.search(r"^<ul><li>Hat.*<li>Lamp: \w", report["serverPage"])
    assert report["nobodysPage"] == (
        '<p role="alert">Sign in first: this needs an access token.</p>'
    )
    assert (report["card"], report["bases"]) == ([True, True], 2)
    assert report["live"].endswith("100 %")


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
    assert {each["kind"] for each in report["unread"]} == {"analysis_done"}
    assert report["marked"] == []
    assert report["told"] == ["The video of Lamp is a breakout now."]


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
    markdown, csv = report["documents"]
    assert (markdown[:2], csv[:9]) == ("# ", '"section"')
    assert report["shared"] == [True, True, False]
    assert report["shares"] == [True]
    assert report["revoked"] == "not_found"


def test_a_program_acts_by_a_key_until_it_is_revoked(report: dict[str, Any]):
    assert report["byKey"] == {
        "secret": "cck_",
        "role": "editor",
        "products": True,
        "exchanges": 1,
        "code": "invalid_token",
        "message": "This API key is unknown, was revoked or has expired.",
    }


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
    assert report["members"] == [[], True, False]
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


def test_pages_of_this_machine_sign_in_at_any_port(browser: dict[str, Any]):
    # A page elsewhere gets no session token, and nothing of the exchange.
    assert browser["origins"] == {
        "127.0.0.1": "editor",
        "localhost": "editor",
        "shop.example": "try again",
    }


def test_a_page_hears_of_a_refused_exchange_at_once(browser: dict[str, Any]):
    refusals = browser["refusals"]
    then = {code: said["then"] for code, said in refusals.items()}
    assert then == {
        "real": "sign in",
        "invalid_token": "sign in",
        "account_deleted": "sign in",
        "quota_exceeded": "upgrade",
        "rate_limited": "wait",
        "sign_in_unavailable": "wait",
    }
    assert {said["exchanges"] for said in refusals.values()} == {1}
    assert refusals["real"]["code"] == "invalid_token"
    # supabase-js by itself would repeat one of them for seven seconds.
    milliseconds = [said["milliseconds"] for said in refusals.values()]
    assert statistics.median(milliseconds) < 300
    assert max(milliseconds) < 1000


def test_nothing_of_a_person_stays_on_the_page_for_the_next(browser: dict[str, Any]):
    [shown] = browser["shown"]
    assert shown.startswith("Secret lamp: Secret lamp: film the page test first")
    # What was under way when she signed out; what nobody sees; what the next person sees.
    assert browser["signedOut"] == [
        0,
        "The person has signed out, or somebody else has signed in.",
    ]
    assert browser["nobody"] == [0, "Sign in first: this needs an access token."]
    assert browser["next"] == {"rows": 0, "problem": "", "isHers": False}
    assert browser["back"] == 1


def test_a_watch_in_a_browser_ends_when_it_is_left_and_when_its_job_is_gone(
    browser: dict[str, Any],
):
    assert browser["watching"] == [None, 1, None]


def test_a_form_says_what_is_wrong_and_a_text_is_marked(browser: dict[str, Any]):
    assert browser["form"] == {
        "invalid": "source_url",
        "shown": "The source URL must start with http:// or https://.",
        "signedIn": 1,
    }
    assert browser["mark"] == ["miracle", "Promise less."]
