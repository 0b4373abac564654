"""Banned words in disguise: every one that the API's description promises to find is found."""

# ruff: noqa: RUF001 (look-alike letters are what this is about)

from __future__ import annotations

from collections.abc import Callable, Iterator

from psycopg.types.json import Jsonb

from tests.database import Database
from tests.rules import banned

WORDS = ("miracle", "detox", "guaranteed", "cures")


def letters(first: int, *, upper: bool = False) -> Callable[[str], str]:
    """Each letter as the one of an alphabet that begins at this code point."""
    return lambda word: "".join(
        chr(first + ord(c) - ord("A" if upper else "a")) for c in (word.upper() if upper else word)
    )


def mapped(**alike: str) -> Callable[[str], str]:
    """Some letters as others that look like them."""
    return lambda word: word.translate(str.maketrans(alike))


def named(alphabet: str, of: str = "abcdefghijklmnopqrstuvwxyz") -> Callable[[str], str]:
    """Each letter as the one at its place."""
    return lambda word: word.translate(dict(zip(map(ord, of), alphabet, strict=True)))


def between(sign: str) -> Callable[[str], str]:
    """A sign between all letters."""
    return sign.join


def inside(sign: str) -> Callable[[str], str]:
    """A sign somewhere within."""
    return lambda word: word[:3] + sign + word[3:]


PROMISED: dict[str, Callable[[str], str]] = {
    "upper case": str.upper,
    "mixed case": lambda word: "".join(c.upper() if i % 2 else c for i, c in enumerate(word)),
    "right-to-left override": lambda word: f"\u202e{word[::-1]}\u202c",
    "right-to-left override that nobody ends": lambda word: f"\u202e{word[::-1]}",
    "half of it overridden": lambda word: f"{word[:2]}\u202e{word[2:][::-1]}\u202c",
    "left-to-right marks": between("\u200e"),
    "isolates": inside("\u2066\u2069"),
    "zero-width spaces": between("\u200b"),
    "zero-width joiners": between("\u200d"),
    "word joiner": inside("\u2060"),
    "soft hyphen": inside("\u00ad"),
    "byte order mark": inside("\ufeff"),
    "variation selectors": between("\ufe0f"),
    "tag characters": inside("\U000e0061"),
    "Hangul filler": inside("\u115f"),
    "Mongolian vowel separator": inside("\u180e"),
    "invisible times": inside("\u2062"),
    "full width": letters(0xFF41),
    "mathematical bold": letters(0x1D41A),
    "mathematical script": letters(0x1D4EA),
    "mathematical fraktur": letters(0x1D586),
    "double-struck": letters(0x1D552),
    "monospace": letters(0x1D68A),
    "sans-serif italic": letters(0x1D622),
    "circled": letters(0x24D0),
    "squared": letters(0x1F130, upper=True),
    "white on black squares": letters(0x1F170, upper=True),
    "white on black circles": letters(0x1F150, upper=True),
    "parenthesised": letters(0x249C),
    "small capitals": named("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡxʏᴢ"),
    "raised": named("ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖqʳˢᵗᵘᵛʷˣʸᶻ"),
    "Cyrillic": mapped(a="а", c="с", e="е", i="і", o="о", s="ѕ", x="х"),
    "Cyrillic capitals": lambda word: mapped(A="А", C="С", E="Е", I="І", M="М", T="Т")(
        word.upper()
    ),
    "Greek": mapped(a="α", i="ι", o="ο", u="υ"),
    "Greek capitals": lambda word: mapped(A="Α", E="Ε", I="Ι", M="Μ", T="Τ", X="Χ")(word.upper()),
    "Armenian": mapped(c="ϲ", o="օ", n="ո", u="ս", g="ց", d="ԁ"),
    "Cherokee": lambda word: mapped(
        M="Ꮇ", I="Ꭵ", R="Ꮢ", A="Ꭺ", C="Ꮯ", L="Ꮮ", E="Ꭼ", D="Ꭰ", T="Ꭲ", G="Ꮐ", S="Ꮪ"
    )(word.upper()),
    "Canadian syllables": lambda word: mapped(
        M="ᗰ", I="I", R="ᖇ", A="ᗩ", C="ᑕ", L="ᒪ", E="E", D="ᗪ", T="T", O="O", U="ᑌ", N="ᑎ", S="ᔕ"
    )(word.upper()),
    "Lisu": lambda word: mapped(
        M="ꓟ", I="ꓲ", R="ꓣ", A="ꓮ", C="ꓚ", L="ꓡ", E="ꓰ", D="ꓓ", T="ꓔ", O="ꓳ", U="ꓴ", N="ꓠ"
    )(word.upper()),
    "Coptic": mapped(a="ⲁ", c="ⲥ", o="ⲟ", i="ⲓ"),
    "phonetic letters": mapped(a="ɑ", g="ɡ", i="ɪ", u="ʋ", r="ɾ", m="ɱ", n="ɳ"),
    "hooks and strokes": mapped(c="ƈ", d="ɗ", t="ƭ", l="ł", o="ø", e="ɇ", i="ɨ", u="ʉ", x="ӿ"),
    "dotless i": mapped(i="ı"),
    "long s": mapped(s="ſ"),
    "accents": mapped(a="á", e="ê", i="ï", o="õ", u="ů"),
    "accents as marks": between("\u0301"),
    "struck through": between("\u0336"),
    "many marks": between("\u0316\u0301\u0322\u0334"),
    "digits": mapped(a="4", e="3", i="1", o="0", s="5", t="7"),
    "signs": mapped(a="@", i="!", s="$", e="€", t="+"),
    "digits and Cyrillic": mapped(a="а", e="3", i="1", o="0", c="с"),
    "repeated letters": lambda word: "".join(c * 3 if c in "aeiou" else c for c in word),
    "spaced out": between(" "),
    "spaced out twice": between("  "),
    "no-break spaces": between("\u00a0"),
    "dots": between("."),
    "dashes": between("-"),
    "en dashes": between("–"),
    "underscores": between("_"),
    "asterisks": between("*"),
    "slashes": between("/"),
    "bullets": between("•"),
    "emoji between": between("🔥"),
    "new lines": between("\n"),
    "quoted letters": lambda word: "".join(f"[{c}]" for c in word),
    "hyphen within": inside("-"),
    "dot within": inside("."),
    "hash sign": lambda word: f"#{word}",
}
# Known, and not promised: each would flag what means something else.
NOT_PROMISED: dict[str, Callable[[str], str]] = {
    "letters left out": lambda word: word.replace("e", "", 1).replace("i", "*", 1),
    "letters swapped": lambda word: word[0] + word[2] + word[1] + word[3:],
    "two letters for one": lambda word: word.replace("m", "rn").replace("d", "cl"),
    "upside down": named("ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz"),
    "regional indicators": letters(0x1F1E6, upper=True),
    "backwards": lambda word: word[::-1],
    "spaces within": inside(" "),
}


def disguised(techniques: dict[str, Callable[[str], str]]) -> Iterator[tuple[str, str, str]]:
    """Technique, word and line, wherever the technique changes the word at all."""
    for name, technique in techniques.items():
        for word in WORDS:
            if (hidden := technique(word)) != word:
                yield name, word, f"Say {hidden} now"


def missed(db: Database, techniques: dict[str, Callable[[str], str]]) -> list[tuple[str, str]]:
    """What no rule finds."""
    status = "select status from private.check_rule(%s, private.normalize_script(%s))"
    return [
        (name, line)
        for name, word, line in disguised(techniques)
        if db.value(status, Jsonb(banned(word)), line) != "fail"
    ]


def test_every_promised_disguise_is_seen_through(db: Database) -> None:
    assert len(list(disguised(PROMISED))) > 200
    assert missed(db, PROMISED) == []


def test_what_is_not_promised_is_not_found_by_accident(db: Database) -> None:
    names = {name for name, _ in missed(db, NOT_PROMISED)}
    assert names == set(NOT_PROMISED), "promise it then"


def test_a_reversed_run_is_marked_where_it_stands(db: Database) -> None:
    spans = "select spans from private.check_rule(%s, private.normalize_script(%s))"
    line = "Say \u202eelcarim\u202c now"
    [span] = db.value(spans, Jsonb(banned("miracle")), line)
    assert line[span["start"] : span["end"]] == "\u202eelcarim\u202c"


def test_ordinary_text_of_other_scripts_is_left_alone(db: Database) -> None:
    texts = [
        "Сегодня мы расскажем о лампе, которая светит мягко.",
        "Σήμερα μιλάμε για μια λάμπα που φωτίζει απαλά.",
        "Այսօր մենք խոսում ենք լամպի մասին։",
        "Hôm nay chúng ta nói về một chiếc đèn.",
        "היום נדבר על מנורה · اليوم نتحدث عن مصباح",
        "L’œuvre d’un garçon naïf à Łódź, smørrebrød, ℃",
    ]
    status = "select status from private.check_rule(%s, private.normalize_script(%s))"
    rule = banned(*WORDS, "free", "best", "cure", "sex", "ad", "god", "so")
    assert [db.value(status, Jsonb(rule), text) for text in texts] == ["pass"] * len(texts)


def test_the_table_of_confusables_is_whole(db: Database) -> None:
    row = db.row("select sources, prototypes from private.confusables()")
    assert len(row["sources"]) == len(row["prototypes"]) == len(set(row["sources"])) > 300
    assert row["prototypes"].isascii()
    assert row["prototypes"].isalnum()
