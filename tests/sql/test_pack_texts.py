"""A pack as Markdown and CSV: the same content as behind a link, and hostile texts stay texts."""

from __future__ import annotations

import csv
import io
import re
import uuid
from typing import Any

import httpx
import pytest
from markdown_it import MarkdownIt
from psycopg.types.json import Jsonb

from local.tools import pack_headings
from tests.database import Database, Row, make_product, make_user, user_claims
from tests.patience import PATIENCE_SECONDS
from tests.postgrest import RunningPostgrest, token
from tests.rows import make_pack, make_share
from tests.sql.test_shares import GONE
from workers.insights.pack.words import words_in

CONTENT: dict[str, Any] = {
    "schema_version": "2.0",
    "locale": "en",
    "headline": "Saves are high.",
    "summary": "People ask about the price.",
    "stands_out": {"value": 61, "interval": [45, 75]},
    "findings": [
        {"text": "9 of 172 ask about $29.", "do": "Show the bill.", "evidence_ids": ["e1"]}
    ],
    "hooks": [
        {"type": "demo", "text": "Look.", "why": "The script begins so.", "evidence_ids": ["e1"]},
        {
            "type": "question",
            "text": "Is it worth $29?",
            "why": "9 of 172 ask.",
            "evidence_ids": ["e1", "e2"],
        },
    ],
    "facts": [{"kind": "price", "text": "$29.00", "evidence_id": "e3"}],
    "angles": [
        {
            "id": "a1",
            "title": "Price",
            "promise": "Show it.",
            "proof": "9 ask.",
            "evidence_ids": ["e1"],
        }
    ],
    "script_templates": [
        {
            "angle_id": "a1",
            "duration_s": 20,
            "beats": [
                {"from_s": 0, "to_s": 3, "kind": "hook", "text": "Look.", "on_screen": "Price"},
                {"from_s": 3, "to_s": 9, "kind": "demo", "text": "Use it.", "on_screen": "Hand"},
            ],
        }
    ],
    "comparables": [
        {
            "hook": "question",
            "why": "×3.1",
            "url": "https://www.tiktok.com/@a/video/1",
            "evidence_id": "e2",
        }
    ],
    "tags": [{"tag": "coldbrew", "posts": 4, "authors": 3}],
    "risks": [{"severity": "high", "title": "It leaks", "evidence_ids": ["e1"]}],
    "dos": ["Show the seal."],
    "donts": ["Do not say cure."],
    "next_steps": [{"kind": "more_posts", "text": "Add posts."}],
    "what_changed": [{"kind": "net_up", "text": "Opinions are better."}],
    "evidence": [
        {
            "id": "e1",
            "kind": "comment",
            "paraphrase": "Asks.",
            "n": 9,
            "url": None,
            "pseudonym": "feedface",
        }
    ],
    "caveats": ["Few posts."],
    "inputs": {"analysis_result_ids": ["11111111-1111-4111-8111-111111111111"]},
    "record": {"n": 3, "text": "Of 3 intervals, 2 held."},
    "engine": {"usage": {"cost_usd": 1.5}, "input_hash": "abc"},
}
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "# Heading",
    "- item",
    "1. item",
    "> quote",
    "---",
    "===",
    "```",
    "`code`",
    "**bold** _it_ ~~gone~~",
    "a | b | c",
    "https://evil.example",
    "see http://evil.example or www.evil.example now",
    "<https://evil.example>",
    "&lt;b&gt; &amp;",
    "line\n\n# next\r\n\tcode",
    "a\\",
    "[x]: https://evil.example",
    "\u202eevil\u200b\ufeff",
    "$x$ and $$y$$",
]
FORMULAS = [
    '=HYPERLINK("https://evil.example")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r\n=1+1",
    "  =1+1",
    "\uff1d1+1",
    '"=1+1',
    "a;=1+1",
    "a,=1+1",
    'x;"=1+1;y',
]


def get(
    postgrest: RunningPostgrest, user_id: uuid.UUID, name: str, pack_id: object, **headers: str
) -> httpx.Response:
    bearer = {"Authorization": f"Bearer {token(user_claims(user_id))}"}
    return httpx.get(
        f"{postgrest.url}/rpc/{name}",
        params={"pack_id": str(pack_id)},
        headers=bearer | headers,
        timeout=PATIENCE_SECONDS,
    )


def opened(
    postgrest: RunningPostgrest, name: str, secret: object, **headers: str
) -> httpx.Response:
    return httpx.post(
        f"{postgrest.url}/rpc/{name}",
        json={"secret": secret},
        headers=headers,
        timeout=PATIENCE_SECONDS,
    )


def pack_of(db: Database, content: dict[str, Any] = CONTENT, **columns: object) -> Row:
    return make_pack(db, make_user(db), configuration=Jsonb(content), **columns)


def text(db: Database, pack: Row, kind: str) -> str:
    with db.as_user(pack["user_id"]) as owner:
        return owner.value(f"select public.pack_{kind}(%s)", pack["id"])


MARKDOWN = r"""# Walnut desk lamp

**Saves are high.**

People ask about the price.

How far it stands out: 61 / 100 (45-75)

DATE

## What changed

- Opinions are better.

## What matters most, and what to film

- **9 of 172 ask about $29.** → Show the bill.

## Script 1: Price (20 s)

| Seconds | Say or do | On screen |
| --- | --- | --- |
| 0-3 | Look. | Price |
| 3-9 | Use it. | Hand |

## More openings

- Is it worth $29? 9 of 172 ask.

## Do

- Show the seal.

## Don't

- Do not say cure.

## Risks

- It leaks

## What the page states

- $29.00

## Posts that stood out

- ×3.1 <https://www.tiktok.com/@a/video/1>

## Hashtags (posts of the niche)

- #coldbrew (4)

## Next

- Add posts.

## Caveats

- Few posts.
"""


def test_a_pack_is_read_as_markdown(db: Database, postgrest: RunningPostgrest) -> None:
    pack = pack_of(db)
    for accept in ("text/markdown", "text/html, text/markdown;q=0.9"):
        answer = get(postgrest, pack["user_id"], "pack_markdown", pack["id"], Accept=accept)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith("text/markdown")
        shown = answer.text.replace("\u2013", "-")
        assert re.sub(r"\n\d{4}-\d\d-\d\d\n", "\nDATE\n", shown) == MARKDOWN


def test_a_pack_is_read_as_csv(db: Database, postgrest: RunningPostgrest) -> None:
    pack = pack_of(db)
    answer = get(postgrest, pack["user_id"], "pack_csv", pack["id"], Accept="text/csv")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.text, newline=""), strict=True))
    assert rows[0] == ["section", "number", "kind", "text", "detail", "evidence", "url"]
    assert {len(row) for row in rows} == {7}
    assert rows[1] == ["pack", "1", "name", "Walnut desk lamp", "", "", ""]
    assert ["script 1", "2", "3-9 demo", "Use it.", "Hand", "", ""] in rows
    assert ["hooks", "2", "question", "Is it worth $29?", "9 of 172 ask.", "e1 e2", ""] in rows
    assert list(dict.fromkeys(row[0] for row in rows[1:])) == [
        *("pack", "changed", "findings", "next_steps", "facts", "hooks", "angles", "script 1"),
        "comparables",
        *("tags", "risks", "dos", "donts", "evidence", "caveats"),
    ]


@pytest.mark.parametrize("kind", ["markdown", "csv"])
def test_json_is_a_string_for_clients_that_read_json_only(
    db: Database, postgrest: RunningPostgrest, kind: str
) -> None:
    pack = pack_of(db)
    path = f"pack_{kind}"
    answer = get(postgrest, pack["user_id"], path, pack["id"], Accept="application/json")
    assert (answer.status_code, answer.json()) == (200, text(db, pack, kind))


@pytest.mark.parametrize("kind", ["markdown", "csv"])
def test_a_link_opens_the_same_text_to_anybody(
    db: Database, postgrest: RunningPostgrest, kind: str
) -> None:
    pack = pack_of(db)
    share = make_share(db, pack["user_id"], pack_id=pack["id"])
    answer = opened(postgrest, f"shared_pack_{kind}", share["secret"], Accept=f"text/{kind}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith(f"text/{kind}")
    assert answer.text == text(db, pack, kind)
    for hidden in ("feedface", "Of 3 intervals", "cost_usd", str(pack["id"]), str(pack["user_id"])):
        assert hidden not in answer.text
    key = share["secret"][:32] + "0" * 64
    wrong = opened(postgrest, f"shared_pack_{kind}", key, Accept=f"text/{kind}")
    assert (wrong.status_code, wrong.json()) == (404, GONE)
    assert wrong.headers["Content-Type"].startswith("application/json")
    # Each look counts, whatever its form.
    assert db.value("select requests from private.share_keys") == 2
    db.execute("update private.share_keys set requests = 60")
    limited = opened(postgrest, f"shared_pack_{kind}", share["secret"], Accept=f"text/{kind}")
    assert (limited.status_code, limited.json()["code"]) == (429, "rate_limited")


@pytest.mark.parametrize("kind", ["markdown", "csv"])
def test_a_pack_of_another_account_is_not_there(
    db: Database, postgrest: RunningPostgrest, kind: str
) -> None:
    pack, other = pack_of(db), make_user(db)
    for name in (pack["id"], uuid.uuid4()):
        answer = get(postgrest, other, f"pack_{kind}", name, Accept=f"text/{kind}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("locale", ["en", "es", "pt", "fr", "de"])
def test_headings_are_in_the_language_of_the_pack(db: Database, locale: str) -> None:
    shown = text(db, pack_of(db, CONTENT | {"locale": locale}), "markdown")
    headings = re.findall(r"^## (.*)$", shown, re.MULTILINE)
    assert len(set(headings)) == 12
    english = re.findall(r"^## (.*)$", MARKDOWN, re.MULTILINE)
    # Some words are the same everywhere.
    assert words_in(locale).locale == locale
    assert (len(set(headings) & set(english)) > 3) == (locale == "en")


def test_an_angle_without_a_script_is_listed(db: Database) -> None:
    # Beside findings it would say the same twice.
    without = CONTENT | {"script_templates": [], "findings": []}
    shown = text(db, pack_of(db, without), "markdown")
    assert "## Angles\n\n- **Price**: Show it. 9 ask.\n" in shown
    assert "- Look. The script begins so." in shown


def test_what_a_script_films_stands_once(db: Database) -> None:
    beats = [{"from_s": 0, "to_s": 9, "kind": "demo", "text": "Watch.", "shot": "Show the bill."}]
    script = {"angle_id": "a1", "duration_s": 20, "beats": beats}
    shown = text(db, pack_of(db, CONTENT | {"script_templates": [script]}), "markdown")
    assert shown.count("Show the bill.") == 1
    assert "- **9 of 172 ask about $29.** → Script 1" in shown
    assert "*Show the bill.* Watch." in shown


def test_a_reason_that_a_finding_gives_is_not_repeated(db: Database) -> None:
    hook = {"text": "Why?", "why": "9 of 172 ask about $29.", "evidence_ids": ["e1"]}
    shown = text(db, pack_of(db, CONTENT | {"hooks": [hook]}), "markdown")
    assert "- Why?" in shown


def test_what_a_language_model_says_for_its_script_stands_above_it(db: Database) -> None:
    [angle] = CONTENT["angles"]
    idea = angle | {"theme": "idea:1", "proof": "Nobody tells whether it leaks."}
    shown = text(db, pack_of(db, CONTENT | {"angles": [idea]}), "markdown")
    assert " s)\n\nNobody tells whether it leaks.\n\n| " in shown
    assert (
        str(angle["proof"]) not in text(db, pack_of(db, CONTENT), "markdown").partition("| Sec")[0]
    )


def test_evidence_that_no_finding_and_no_hook_cites_is_listed(db: Database) -> None:
    shown = text(db, pack_of(db, CONTENT | {"findings": [], "hooks": []}), "markdown")
    assert "## What this rests on\n\n- Asks." in shown


def test_the_headings_are_those_of_the_texts_of_packs() -> None:
    assert pack_headings.FILE.read_text("utf-8") == pack_headings.sql()


def test_what_an_older_pack_lacks_is_left_out(db: Database) -> None:
    pack = pack_of(db, {"schema_version": 1})
    assert re.fullmatch(r"# Walnut desk lamp\n\n\d{4}-\d\d-\d\d\n", text(db, pack, "markdown"))
    assert len(list(csv.reader(io.StringIO(text(db, pack, "csv"))))) == 6
    odd = {"hooks": {"text": "One"}, "dos": 5, "tags": "x", "facts": [[1]]}
    odd_pack = pack_of(db, {"schema_version": 1} | odd)
    assert "One" in text(db, odd_pack, "markdown")
    assert "One" in text(db, odd_pack, "csv")


def everywhere(value: object, word: str) -> Any:
    """The content with each of its texts replaced, but for ids and the language."""
    if isinstance(value, dict):
        return {
            key: one
            if key in ("id", "angle_id", "locale", "schema_version")
            else everywhere(one, word)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [everywhere(one, word) for one in value]
    return word if isinstance(value, str) else value


READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def shape(markdown: str) -> list[tuple[str, str, int]]:
    """What a reader of Markdown makes of it, without the texts; links with where they lead."""
    blocks = READER.parse(markdown)
    parts = [*blocks, *(part for block in blocks for part in block.children or ())]
    return [
        (part.type, str(part.attrs.get("href", "")), part.level)
        for part in parts
        if part.type not in {"inline", "text", "softbreak"}
    ]


@pytest.mark.parametrize("word", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_text_stays_a_text_in_markdown(db: Database, word: str) -> None:
    name = " ".join(word.replace("\u202e", "").split())  # names with it are refused
    plain = {"comparables": [], "evidence": []}
    harmless = pack_of(db, everywhere(CONTENT | plain, "harmless"), name="harmless")
    hostile = pack_of(db, everywhere(CONTENT | plain, word), name=name)
    shown = text(db, hostile, "markdown")
    assert shape(shown) == shape(text(db, harmless, "markdown")), shown
    # GitHub and others also link bare addresses and set formulas.
    assert not re.search(r"(?<!\\)://|www\.|(?<!\\)\$", shown)
    visible = " ".join(re.sub(r"[\u202e\u200b\ufeff]", "", word).split())
    [title] = [block.children for block in READER.parse(shown)[:2] if block.children]
    assert "".join(part.content for part in title) == visible


def test_only_web_addresses_become_links(db: Database) -> None:
    urls = [
        "javascript:alert(1)", "https://a.example/> <script>", "https://a.example/\n# x",
        "data:text/html,x", "https://www.tiktok.com/@a/video/1",
    ]  # fmt: skip
    comparables = [{"why": "x", "url": url, "evidence_id": "e"} for url in urls]
    shown = text(db, pack_of(db, CONTENT | {"comparables": comparables}), "markdown")
    assert re.findall(r" <(.*?)>", shown) == [urls[-1]]
    assert "script>" not in shown


@pytest.mark.parametrize("word", FORMULAS, ids=range(len(FORMULAS)))
def test_a_formula_stays_a_text_in_csv(db: Database, word: str) -> None:
    pack = pack_of(db, everywhere(CONTENT, word), name=" ".join(word.split()))
    shown = text(db, pack, "csv")
    rows = list(csv.reader(io.StringIO(shown, newline=""), strict=True))
    assert {len(row) for row in rows} == {7}
    # Whatever a spreadsheet parts lines at, no part begins with what it takes for a formula.
    for separator in (",", ";", "\t"):
        for row in csv.reader(io.StringIO(shown, newline=""), delimiter=separator):
            starts = {cell.lstrip()[:1] for cell in row}
            if separator == ",":
                assert not starts & set("=+-@\uff1d\uff0b\uff0d\uff20\t\r"), row
            assert not any(re.match(r"\s*[=+@]", cell) for cell in row), row


def test_a_text_of_several_lines_is_one_line(db: Database) -> None:
    pack = pack_of(db, everywhere(CONTENT, 'a\n"b"\r\nc\u2028d\u0007'))
    assert '"a ""b"" c d"' in text(db, pack, "csv")
    assert '- a "b" c d' in text(db, pack, "markdown")


HIDDEN = [0xAD, 0x34F, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F)]
HIDDEN += [*range(0x2060, 0x2070), 0x3164, 0xFEFF, 0xFFF9, *range(0xE0000, 0xE0080), 0xE01EF]


def test_no_character_that_nobody_sees_is_in_a_line(db: Database) -> None:
    hidden = "".join(map(chr, HIDDEN))
    lines = db.rows(
        "select private.one_line('a' || c || 'b') as line, ascii(c) as code"
        " from regexp_split_to_table(%s, '') as c",
        hidden,
    )
    assert {row["code"] for row in lines if row["line"] == "ab"} == set(HIDDEN)
    assert db.value("select private.one_line(%s)", f"{hidden}=\u202e1+1{hidden}") == "=1+1"
    # What is seen stays.
    for shown in ("Café ☕️ 东京 ꦗꦮ", "1\u00a0½ €"):
        assert db.value("select private.one_line(%s)", shown) == shown


def test_an_erased_account_and_a_stranger_get_nothing(
    db: Database, postgrest: RunningPostgrest
) -> None:
    pack = pack_of(db)
    make_product(db, pack["user_id"])
    for kind in ("markdown", "csv"):
        answer = httpx.get(
            f"{postgrest.url}/rpc/pack_{kind}",
            params={"pack_id": str(pack["id"])},
            timeout=PATIENCE_SECONDS,
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
