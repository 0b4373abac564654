"""People use the dashboard in a real browser, against the whole stack."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.types.json import Jsonb
from standardwebhooks.webhooks import Webhook

from local.layout import ROOT
from tests.dashboard.stage import Stage
from tests.flow.stack import add_product, finished, wait_until

pytestmark = pytest.mark.flow

SCENARIOS = re.findall(
    r"^export (?:async function|const) (\w+)",
    (ROOT / "tests" / "dashboard" / "scenarios.mjs").read_text(),
    re.MULTILINE,
)
DIST = ROOT / "local" / "dashboard" / "dist"
# What the page may ask: PostgREST, the exchange, the edge's routes for pages, Clerk's stand-in.
PUBLIC = re.compile(
    r"/rest/v1/(rpc/)?\w+|/auth/session|/subscriptions/(create|portal|sync)"
    r"|/tiktok/(connect|callback)|/v1/client/sessions/\w+/tokens"
)
STATIC = re.compile(r"/assets/[\w.-]+|/settings\.json")
# A page of Stripe that the browser is sent to.
ELSEWHERE = {"checkout.stripe.test"}
MAX_KIB = 250

Play = Callable[[str], Any]


@pytest.fixture(scope="module")
def reports() -> dict[str, dict[str, Any]]:
    """What each scenario found, or why it failed, by its name: each one runs once."""
    return {}


@pytest.fixture
def play(stage: Stage, reports: dict[str, dict[str, Any]]) -> Play:
    def play(scenario: str) -> Any:
        if scenario not in reports:
            try:
                reports[scenario] = json.loads(stage.run("run.mjs", scenario, NAME=scenario))
            except AssertionError as error:
                reports[scenario] = {"failed": str(error)}
        assert "failed" not in reports[scenario], reports[scenario]["failed"]
        return reports[scenario]["found"]

    return play


def test_a_creator_signs_in_and_ends_with_a_final_script(play: Play):
    found = play("signInToFinalScript")
    assert found["evidence"]
    assert found["draft"]


def test_what_is_typed_while_a_save_is_on_its_way_stays(play: Play):
    text = "First. Second. Third."
    assert play("typingWhileSaving") == {"kept": text, "saved": text}


def test_two_people_of_an_organisation_conflict_instead_of_overwriting(play: Play):
    assert play("twoPeopleAtOnce") == ["Admin", "Editor"]


def test_a_viewer_is_offered_nothing_that_is_refused(play: Play):
    assert play("rolesAreShown") == {"add": 0, "write": 0, "delete": 0}


def test_a_full_plan_says_so_and_leads_to_the_plans(play: Play):
    found = play("quotaIsHit")
    assert "The source URL" in found["perRow"]
    assert found["sentence"] == "Your plan includes 5 products, and 5 are in use."


def test_a_failed_job_says_why(play: Play):
    code, text = play("failedJobSaysWhy")
    assert code == "url_not_allowed"
    # The same address again would end the same way: what helps is at hand.
    assert text.split("\n\n") == [
        "Analysis failed. We read public web pages only, and this address is not one.",
        "An address can\u2019t change. Delete the product, and add it with the right one.",
        "Delete this product",
    ]


def test_what_is_saved_offline_is_sent_later(play: Play):
    assert play("offlineAndBack") == "In the tunnel."


def test_an_ended_session_keeps_the_page_for_its_person_only(play: Play):
    assert play("sessionEnds") == {"isGone": True, "keys": []}


def test_an_account_is_exported_and_erased_in_every_tab(play: Play):
    assert play("accountIsErased") == ["Bottle to forget"]


def test_strangers_see_a_shared_pack_until_it_is_revoked(play: Play):
    found = play("linkForStrangers")
    assert found["statement"]
    assert found["buttons"] == ["Print"]


def test_every_kind_of_rule_has_a_form(play: Play):
    found = play("everyKindOfRule")
    assert found["adopted"] >= 1
    assert (found["saved"], found["kinds"]) == (19, 19)
    assert found["refusal"] == "The rule's params.terms must have 1 to 100 entries."


def test_a_pack_says_what_to_film_and_no_reason_repeats_its_line(play: Play):
    found = play("reasonsSayMore")
    # The numbers of a post stand once: the rest is a click away.
    assert found["posts"]
    assert all(post.count("likely") == 1 for post in found["posts"])
    assert found["lines"]
    assert not [
        reason for title, reasons in found["lines"] for reason in reasons if title in reason
    ]


def test_tabs_that_go_on_beyond_a_phone_fade_at_the_edge(play: Play):
    assert play("tabsGoOn") == ["0px", "48px"]


def test_history_is_charted_and_competitors_stand_side_by_side(play: Play):
    assert play("historyAndCompetitors") == {"points": 2, "rows": 2}


def test_the_list_is_searched_and_filtered(play: Play):
    assert play("listIsFiltered") == {
        "search": ["Cold 100% bottle"],
        "none": [],
        "tag": ["Cold 100% bottle"],
        "all": ["Cold 100% bottle", "Warm lamp"],
        "watch": "Your plan does not include watching products.",
    }


def test_a_plan_is_bought_by_the_year(play: Play):
    found = play("planIsBought")
    month, year = found["prices"]
    assert month.split("\n\n") == ["$29.00 a month", "or $290.00 a year"]
    assert year.split("\n\n") == ["$290.00 a year", "$58.00 less than twelve months"]
    # What the subscription says of itself, not what the page asked for.
    assert found["days"] > 360
    assert found["buttons"] == 0


def test_an_api_key_is_shown_once_used_and_revoked(play: Play):
    found = play("apiKeysAreMadeAndRevoked")
    assert found["refusal"] == "The key's name is missing."
    assert found["chips"] == ["Read and write"]
    assert found["statuses"] == [HTTPStatus.OK, HTTPStatus.UNAUTHORIZED]
    assert found["buttons"] == 0


def test_a_webhook_is_added_tested_and_rotated(play: Play, stage: Stage):
    found = play("webhooksAreAddedAndTested")
    assert "https://" in found["refusal"]
    assert found["delivered"] == "1 attempt · answered 204"
    # The next attempt may come before the page was looked at.
    assert re.match(r"\d+ attempts? · answered 500 · next attempt ", found["failed"])
    assert (found["type"], found["left"]) == ("test", 1)
    old, new = found["secrets"]
    assert old != new
    [(_, headers, body)] = [
        post for post in stage.receiver.posts if post[0] == "/webhooksAreAddedAndTested"
    ]
    # The secret that the page has shown is the one that signs.
    assert Webhook(old).verify(body, headers)["type"] == "test"


def test_used_up_keys_and_a_missing_secret_say_what_to_do(stage: Stage, play: Play):
    with stage.stack.sign_in("keysAreUsedUp") as client:
        for number in range(20):
            key = {"name": f"Key {number}", "scopes": ["read"]}
            assert client.post("/rpc/create_api_key", json=key).is_success
        endpoint = {"url": f"{stage.receiver.url}/in"}
        assert client.post("/webhook_endpoints", json=endpoint).is_success
    assert play("keysAreUsedUp") == [
        "An account may have 20 API keys at most. Revoke one first.",
        "This webhook endpoint has no secret yet. Make one first.",
    ]


def test_keys_and_webhooks_are_for_admins(play: Play):
    assert play("keysAreForAdmins") == {"links": 0, "buttons": 0}


def test_a_pack_is_downloaded_for_documents_and_spreadsheets(play: Play):
    markdown, csv = play("packIsDownloaded")
    assert markdown["name"] == "bottle-0-5-l-frio.md"
    assert markdown["start"] == "# Virality"
    assert csv["name"] == "bottle-0-5-l-frio.csv"
    assert csv["start"].startswith('\ufeff"section"')
    assert markdown["hasHeadline"]
    assert csv["hasHeadline"]


def test_notifications_are_counted_and_read(stage: Stage, play: Play):
    with stage.stack.sign_in("notificationsAreRead") as client:
        product = add_product(client, "https://shop.creatorscook.example/bottle")
        # How its analysis ended is a notification, too.
        wait_until(client, product, finished)
    with psycopg.connect(stage.stack.env["DB_URL"]) as db:
        db.execute(
            "insert into public.notifications (user_id, kind, product_id, text)"
            " values (%s, 'breakout', %s, 'The video of Bottle is a breakout now.')",
            (product["user_id"], product["id"]),
        )
    assert play("notificationsAreRead") == 0


def test_a_pack_without_a_script_says_what_it_takes(play: Play):
    found = play("packWithoutScript")
    assert "It takes reviews, a video, or a page that states more." in found["said"]
    assert found["text"].startswith("Writing the script failed. There is too little data")


_LASTING = {"n": 120, "held": 0.67, "ratio": 1.4, "ci95": [1.2, 1.7]}
_PATTERNS = [
    {"kind": kind, "tag": tag, "seconds": seconds, "n": 5, "other_n": 7, "ratio": 1.85}
    | {"lasting": _LASTING, "evidence_ids": []}
    for kind, tag, seconds in (
        ("short", None, 21),
        ("topic", "coldbrew", None),
        ("again", "shelf", None),
        ("level_up", None, None),
        ("level_down", None, None),
    )
]
_CHANGES = [
    {"kind": "new_complaint", "text": "New: people complain about the lid."},
    {"kind": "price_down", "text": "It costs less: $29 instead of $34."},
]


def test_changes_units_and_own_patterns_are_said_in_both_languages(stage: Stage, play: Play):
    with stage.stack.sign_in("documentsInWords") as client:
        product = add_product(client, stage.shop.url("/vacuum"), "Hand vacuum")
        wait_until(client, product, finished)
    # Neither takes less than weeks of a real account to come about.
    with psycopg.connect(stage.stack.env["DB_URL"]) as db:
        db.execute(
            "update public.analysis_results set content = jsonb_set(content, '{patterns}', %s)"
            " where product_id = %s and type = 'virality_breakdown'",
            (Jsonb(_PATTERNS), product["id"]),
        )
        db.execute(
            "update public.virality_packs"
            " set configuration = jsonb_set(configuration, '{what_changed}', %s)"
            " where product_id = %s",
            (Jsonb(_CHANGES), product["id"]),
        )
    found = play("documentsInWords")
    english, spanish = found["en"], found["es"]
    assert english["changes"] == ["New complaint", "Price down"]
    assert spanish["changes"] == ["Queja nueva", "Baja de precio"]
    stated = ["battery run time: 12 h", "noise: 62 dB"]
    assert set(english["facts"]) >= {f"Stated value: {fact}" for fact in stated}
    assert set(spanish["facts"]) >= {f"Dato: {fact}" for fact in stated}
    lasts = (
        "Does it last? Of 120 such patterns of other creators, 67% showed in later posts, too."
        " Those had 1.4 times the views (1.2 to 1.7)."
    )
    taken_up = (
        "Does it last? After 120 posts of other creators that stood out, later posts with the same"
        " hashtag got more views than the others in 67% of the cases."
        " They had 1.4 times the views (1.2 to 1.7)."
    )
    assert english["patterns"][1::2] == [
        taken_up if pattern["kind"] == "again" else lasts for pattern in _PATTERNS
    ]
    assert english["patterns"][0] == (
        "Posts of up to 21 s get 1.9 times the views of the longer ones (5 against 7)."
    )
    assert spanish["patterns"][2] == (
        "Las publicaciones con #coldbrew tienen 1,9 veces las vistas de las demás (5 frente a 7)."
    )
    assert len(set(spanish["patterns"][0::2])) == len(_PATTERNS)


def test_tiktok_is_refused_in_a_sentence(play: Play):
    assert play("tiktokIsRefusedInASentence") in {"tiktok_not_configured", "invalid_state"}


@pytest.mark.parametrize("scenario", ["pagesAreAccessible", "pagesFitADarkPhone"])
def test_every_page_and_dialog_is_accessible(play: Play, scenario: str):
    assert play(scenario) == {"pages": 21, "found": []}


def test_the_keyboard_is_enough(play: Play):
    assert play("keyboardIsEnough") == "Add product"


def test_pages_and_packs_speak_another_language(play: Play):
    assert play("anotherLanguage") == [
        "es",
        "Esto no es una dirección web. Cópiala del navegador: empieza por https://.",
        "es",
    ]


def test_the_first_product_needs_four_requests_in_a_row(play: Play):
    # `make screenshots` prints how long it takes. On a busy machine that says nothing of the page.
    found = play("firstData")
    others = {"/rest/v1/rpc/account", "/rest/v1/brands", "/rest/v1/notifications"}
    before = [path for path in found["before"] if path not in others]
    token = before.pop(2)
    assert before == ["/products", "/settings.json", "/auth/session"]
    assert token.startswith("/v1/client/sessions/")


def test_nothing_but_the_public_api_is_asked(
    play: Play, reports: dict[str, dict[str, Any]], stage: Stage
):
    clerk = f"127.0.0.1:{stage.stack.settings.clerk_port}"
    here = urlsplit(stage.stack.env["API_URL"]).netloc
    for scenario in SCENARIOS:
        play(scenario)
    asked = {request for report in reports.values() for request in report["requests"]}
    addresses = {urlsplit(request.split(" ", 1)[1]) for request in asked}
    asked_of = {url.netloc for url in addresses if url.scheme in {"http", "https", "ws", "wss"}}
    assert asked_of <= {here, clerk} | ELSEWHERE
    paths = {url.path for url in addresses if url.netloc in {here, clerk}}
    pages = {path for path in paths if not (PUBLIC.fullmatch(path) or STATIC.fullmatch(path))}
    documents = re.compile(r"/|/[a-z-]+(/[\w-]+)*")
    assert all(documents.fullmatch(path) for path in pages), pages
    assert not any(path.startswith(("/rest", "/auth", "/v1")) for path in pages)
    assert len({path for path in paths if PUBLIC.fullmatch(path)}) >= 25


def test_no_page_reports_an_error(play: Play, reports: dict[str, dict[str, Any]]):
    for scenario in SCENARIOS:
        play(scenario)
    assert {name: each["problems"] for name, each in reports.items() if each["problems"]} == {}


@pytest.mark.usefixtures("built")
def test_a_first_visit_loads_little():
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text())

    def needed(name: str, seen: set[str]) -> set[str]:
        if name not in seen:
            seen.add(name)
            for other in manifest[name].get("imports", []):
                needed(other, seen)
        return seen

    first = needed("index.html", set()) | needed("src/pages/products.tsx", set())
    files = [DIST / manifest[name]["file"] for name in first]
    kib = sum(len(gzip.compress(file.read_bytes())) for file in files) / 1024
    assert 50 < kib <= MAX_KIB
