"""Input made to cost its reader dearly: pages, reviews, items and transcripts, small to send.

`CASES` has each as the bytes that would arrive. `PAGES` are HTML answers of up to five megabytes;
`REVIEWS` are texts, `ITEMS` rows of a dataset, both as JSON; `TRANSCRIPTS` are WebVTT files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

MAX_BYTES = 5 * 1024 * 1024 - 1024  # what the fetcher lets through
REVIEW_COUNT = 400  # what a page and a run bring at most, together
Make = Callable[[], bytes]


def filled(head: str, unit: str, tail: str = "", size: int = MAX_BYTES) -> bytes:
    """Head, as many units as fit, tail."""
    room = size - len((head + tail).encode())
    return (head + unit * (room // len(unit.encode())) + tail).encode()


def numbered(head: str, unit: str, tail: str = "", size: int = MAX_BYTES) -> bytes:
    """As `filled`; each `#` of a unit is its number, so that no two are alike."""
    parts, room, number = [head], size - len(head) - len(tail), 0
    while room > 0:
        part = unit.replace("#", str(number))
        parts.append(part)
        room, number = room - len(part), number + 1
    return "".join((*parts[:-1], tail)).encode()


def script(text: str) -> str:
    return f'<title>Mug</title><h1>Mug</h1><script type="application/ld+json">{text}</script>'


def in_script(unit: str, head: str = "", tail: str = "") -> Make:
    before, after = script("\x00").split("\x00")
    return lambda: filled(before + head, unit, tail + after)


def product(fields: str) -> str:
    return script(f'{{"@type": "Product", "name": "Mug", {fields}}}')


def listed(unit: str, field: str) -> Make:
    before, after = product(f'"{field}": [\x00null]').split("\x00")
    return lambda: filled(before, unit, after)


_HEAD = "<title>Mug</title><h1>Mug</h1>"

PAGES: dict[str, Make] = {
    "spaces for data": in_script(" "),
    "spaces before a comment's end": in_script(" ;", tail="-->"),
    "commas for data": in_script(", "),
    "half a comment": in_script("/* "),
    "brackets for data": in_script("["),
    "braces for data": in_script('{"a":'),
    "empty objects": in_script("{},", "[", "{}]"),
    "products without end": in_script('{"@type":"Product","name":"Mug"},', "[", "{}]"),
    "types without end": in_script('"Thing",', '{"@type":[', '"Product"],"name":"Mug"}'),
    "a nested type": in_script("[", '{"@type":', ""),
    "digits for data": in_script("9"),
    "a long name": in_script("mug ", '{"@type":"Product","name":"', '"}'),
    "entities in a name": in_script("&#9", '{"@type":"Product","name":"', '"}'),
    "a number of many digits": in_script(
        "9", '{"@type":"Product","name":"Mug","aggregateRating":{"ratingValue":"', '"}}'
    ),
    "offers without end": listed('{"price":"free","priceCurrency":"EUR"},', "offers"),
    "a long currency": in_script(
        "EUR ", '{"@type":"Product","name":"Mug","offers":{"price":"1","priceCurrency":"', '"}}'
    ),
    "reviews without end": lambda: numbered(
        script('{"@type":"Product","name":"Mug","review":[').removesuffix("</script>"),
        '{"@type":"Review","reviewBody":"good #"},',
        "null]}</script>",
    ),
    "many scripts": lambda: filled(_HEAD, script("[" * 900)),
    "attributes on one tag": lambda: numbered(_HEAD + "<a ", "a# ", ">"),
    "attributes on an end tag": lambda: numbered(_HEAD + "<a></a ", "a# ", ">"),
    "attributes on many tags": lambda: filled(
        _HEAD, "<a " + " ".join(f"a{number}" for number in range(900)) + ">"
    ),
    "attributes behind a quote": lambda: numbered(_HEAD + "<a \" ' =", "a#='<b>' ", ">"),
    "attributes in a drawing": lambda: numbered(_HEAD + "<svg><style><a ", "a# ", ">"),
    "bodies that add up": lambda: numbered(_HEAD, "<body a#>"),
    "roots that add up": lambda: numbered(_HEAD, "<html a#>"),
    "a long class": lambda: filled(
        _HEAD + '<div class="' + "price " * 200_000 + '">', "<b class=price>1</b>"
    ),
    "a long class of a form": lambda: filled(
        _HEAD + '<div class="' + "x " * 500_000 + '">', "<button>add to cart</button>"
    ),
    "elements nested without end": lambda: filled(_HEAD, "<div>"),
    "elements nested, and closed elsewhere": lambda: filled(
        _HEAD, "<div><table><tr><td></div></td></tr></table>"
    ),
    "deep and many": lambda: filled(_HEAD + "<span>" * 900, "<li>"),
    "letters in fonts": lambda: filled(
        _HEAD + "<p>" + "".join(f"<font size={n}>" for n in range(1000)), "<p>x"
    ),
    "letters in fonts that seem closed": lambda: filled(
        _HEAD
        + "<p>"
        + "".join(f"<font size={n}><table><tr><td></font></table>" for n in range(1000)),
        "<p>x",
    ),
    "options of one list": lambda: filled(_HEAD + "<select>", "<option>"),
    "headings in headings": lambda: filled(
        "<title>Mug</title>" + "<h1><div>" * 20, "mug &amp; cup "
    ),
    "a long title": lambda: filled("<title>", "just a momen ", "</title>"),
    "properties without end": lambda: filled(
        _HEAD + '<div itemscope itemtype="http://schema.org/Product">', "<b itemprop=name>x"
    ),
    "properties that hold each other": lambda: filled(
        _HEAD + '<div itemscope itemtype="Product">' + "<div itemprop=name>" * 800,
        "text ",
    ),
    "one property of many names": lambda: filled(
        _HEAD + '<div itemscope itemtype="Product"><b itemprop="', "name ", '">x</b></div>'
    ),
    "prices without end": lambda: filled(_HEAD, "<b class=price>from</b>"),
    "prices around prices": lambda: filled(_HEAD, "<div class=price><b>1</b><i>2</i></div>"),
    "notes about stock": lambda: filled(_HEAD, "<b class=stock>sold out</b>"),
    "notes inside a menu": lambda: filled(
        _HEAD + "<nav class=menu>", "<b class=stock>sold out</b>"
    ),
    "statements without a scope": lambda: filled(
        _HEAD + "<nav>", "<b itemprop=availability>InStock</b>"
    ),
    "labels without end": lambda: filled(
        _HEAD, '<meta name="twitter:label1" content="x">'
    ),
    "tags of one letter": lambda: filled(_HEAD, "<b>"),
    "nothing but openings": lambda: filled("", "<"),
    "null characters": lambda: filled(_HEAD, "\x00"),
    "an encoding that takes for ever": lambda: filled(
        "<meta charset=punycode>" + _HEAD, "mug-"
    ),
    "an encoding that is none": lambda: filled("<meta charset=zlib>" + _HEAD, "mug"),
}  # fmt: skip


def _texts(text: str, count: int = REVIEW_COUNT) -> Callable[[], list[str]]:
    """Alike but for a number, so that none counts as a copy."""
    return lambda: [f"{text[:3990]} {number}" for number in range(count)]


def _woven(count: int = REVIEW_COUNT) -> list[str]:
    """Each shares a few words with many others: whoever compares them all never ends."""
    words = [f"w{number}" for number in range(40)]
    return [
        " ".join(words[(place * (number % 37 + 1) + number // 37) % 40] for place in range(200))
        for number in range(count)
    ]


REVIEWS: dict[str, Callable[[], list[str]]] = {
    "words woven together": _woven,
    "words woven together, by the thousand": lambda: _woven(5000),
    "questions without end": _texts("price?" * 660),
    "aspects without end": _texts("size! price! " * 300),
    "but without end": _texts("good but bad but " * 230),
    "spaces": _texts("\u3000\u00a0 " * 1300),
    "emoji": _texts("\U0001f600" * 3900),
    "ligatures that unfold": _texts("\ufdfa" * 3900),
    "marks on a letter": _texts("a" + "\u0301" * 3900),
    "almost an instruction": _texts("ignore previous forget all " * 140),
    "almost an answer": _texts("to in use add your " * 200),
    "almost a link": _texts("a.b-" * 990),
    "invisible": _texts("\u200b\u202e\u2066" * 1300),
    "no spaces": _texts("x" * 3900),
    "exclamations": _texts("!" * 3900),
    "negations": _texts("not never isn't without " * 160),
}


def _post(number: int, **fields: object) -> dict[str, object]:
    link = f"https://www.tiktok.com/@a{number % 20}/video/{number}"
    return {
        "id": str(number),
        "text": "mug #mugs",
        "createTimeISO": "2026-11-20T10:00:00.000Z",
        "webVideoUrl": link,
        "playCount": 1000 + number,
        "diggCount": 10,
        "commentCount": 1,
        "authorMeta": {"name": f"a{number % 20}"},
    } | fields


def _posts(**fields: object) -> Callable[[], list[object]]:
    return lambda: [_post(number, **fields) for number in range(61)]


def _nested(depth: int = 200) -> object:
    value: object = "x"
    for _level in range(depth):
        value = [{"name": value}]
    return value


ITEMS: dict[str, Callable[[], list[object]]] = {
    "hashtags without end": _posts(text="".join(f"#{n} " for n in range(1500))),
    "a list of hashtags without end": _posts(hashtags=[{"name": f"t{n}"} for n in range(50_000)]),
    "a link without its end": _posts(webVideoUrl="a.-" * 20_000),
    "counts of many digits": _posts(playCount=10**4000, diggCount="9" * 500_000),
    "counts that are almost one": _posts(playCount="1," * 500_000, diggCount="1" * 500_000 + "x"),
    "endless numbers": _posts(playCount=float("inf"), videoMeta={"duration": float("nan")}),
    "times of many digits": _posts(createTimeISO="1" * 500_000, createTime=10**300),
    "values of other types": _posts(text=["x"] * 9, authorMeta="x", musicMeta=[1], id={}),
    "nested without end": _posts(text=_nested(), authorMeta={"name": _nested()}),
    "long texts": _posts(text="mug " * 200_000, musicMeta={"musicName": "s" * 500_000}),
    "errors for posts": lambda: [{"error": "x" * 1000, "note": [1]}] * 100_000,
    "surrogates": _posts(text="\ud800 \udfff mug", authorMeta={"name": "\ud800"}, id="\udfff"),
    "null characters": _posts(text="mug\x00", musicMeta={"musicName": "\x00"}, textLanguage="\x00"),
}  # fmt: skip


def _vtt(unit: str, head: str = "WEBVTT\n\n", size: int = 1_000_000) -> Make:
    return lambda: filled(head, unit, size=size)


TRANSCRIPTS: dict[str, Make] = {
    "no header": _vtt("x", ""),
    "a header only": lambda: b"WEBVTT",
    "spaces": _vtt(" "),
    "empty lines": _vtt("\n"),
    "arrows": _vtt("-->"),
    "arrows and spaces": _vtt("00:00:01.000 -->  "),
    "cues without text": _vtt("00:00:01.000 --> 00:00:02.000\n\n"),
    "cues that go back": _vtt("99:59:59.999 --> 00:00:00.000\nx\n\n"),
    "hours of many digits": _vtt("9", "WEBVTT\n\n"),
    "one cue of one line": _vtt("word ", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n"),
    "tags in a cue": _vtt("<c.a>", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n"),
    "half a tag in a cue": _vtt("<", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n"),
    "a note without end": _vtt("NOTE ", "WEBVTT\n\nNOTE\n"),
    "entities": _vtt("&#9", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n"),
    "null characters": _vtt("\x00"),
    "half characters": lambda: b"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n" + b"\xf0\x9f" * 400_000,
}  # fmt: skip


def _as_json(make: Callable[[], Iterable[object]]) -> Make:
    return lambda: json.dumps(make()).encode()


CASES: dict[str, Make] = {
    **{f"page: {name}": make for name, make in PAGES.items()},
    **{f"reviews: {name}": _as_json(make) for name, make in REVIEWS.items()},
    **{f"items: {name}": _as_json(make) for name, make in ITEMS.items()},
    **{f"transcript: {name}": make for name, make in TRANSCRIPTS.items()},
}
