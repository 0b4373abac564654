"""Whatever rule is accepted: every check answers, in sentences, and what it asks can be done."""

from __future__ import annotations

import functools
import operator
import re
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.amount import rounds
from tests.database import Database, Row, make_user
from tests.rules import refusal, rule
from tests.sql.test_rule_kinds import VALID

INSERT = "insert into public.brand_rules (rule_name, rule_definition) values ('rule', %s)"
CHECK = "select status, spans, message from public.check_compliance(%s)"
TRIALS = settings(
    max_examples=rounds(100, full=3000), deadline=None, suppress_health_check=list(HealthCheck)
)
SCRIPTS = [
    "A lamp.",
    "#ad I tried it: a m1racle! It cures acne, I lost 10 pounds. Only $19.99, 100% guaranteed 💊",
    "🔥🔥 这是奇迹 a\u200bd  Make $5,000 a week \u202e#fyp #a #b #c",
    "\uff33hop now " * 900,
]
STATUSES = {"pass", "fail", "needs_review", "not_applicable"}
# No NUL, which JSON in PostgreSQL can't hold, and no half of a pair.
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
)
WORDS = st.one_of(st.sampled_from(["lamp", "#ad", "cure", "Glow & Co", "奇迹", "50", "a"]), TEXTS)
NUMBERS = st.sampled_from(
    [0, 1, 2, 3, 20, 21, 100, 2.0, 0.5, 1e2, 1e-9, 1e300, -1, -0.0, 2**31, 10**40, 4999.999]
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
PATTERNS = st.one_of(
    st.sampled_from([r"\d{3,}", "(?i)lamp", "a+b*", "^x|y$", r"\mlamp\M", "(a|b)*?.{1,250}"]),
    st.text("ab.*+?(){}|[]^$\\d19,-", min_size=1, max_size=15),
    TEXTS,
)
ENTRIES = {
    "texts": WORDS,
    "terms": WORDS,
    "samples": WORDS,
    "patterns": PATTERNS,
    "hashtags": st.sampled_from(["ad", "#fyp", "\uff46\uff59\uff50", "ça", "a b", "#"]),
    "emoji": st.sampled_from(["💊", "❤️", "👨‍👩‍👧", "🇫🇷", "x"]),
    "locales": st.sampled_from(["en", "pt-BR", "not a locale"]),
}


@dataclass(frozen=True)
class Parameter:
    """A row of private.rule_parameters."""

    kind: str
    name: str
    type: str
    is_required: bool
    low: Any
    high: Any
    choices: list[str] | None

    def values(self, nested: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        """Mostly what is valid, now and then anything."""
        if self.type == "choice":
            likely = st.sampled_from(self.choices or [])
        elif self.type == "choices":
            likely = st.lists(st.sampled_from(self.choices or []), max_size=4, unique=True)
        elif self.type in ENTRIES:
            likely = st.lists(ENTRIES[self.type], min_size=1, max_size=4)
        elif self.type == "map":
            likely = st.dictionaries(WORDS, WORDS, min_size=1, max_size=3)
        elif self.type == "rules":
            likely = st.lists(nested, min_size=1, max_size=2 if self.high > 1 else 1)
        else:
            likely = {
                "integer": self.numbers(),
                "number": self.numbers() | st.floats(0, 30),
                "boolean": st.booleans(),
                "pattern": PATTERNS,
                "text": WORDS,
                "term": WORDS,
                "object": JSON,
            }[self.type]
        return st.one_of(*[likely] * 19, NUMBERS if self.type in {"integer", "number"} else JSON)

    def numbers(self) -> st.SearchStrategy[float]:
        """Whole numbers within the bounds, as JSON may write them."""
        low = int(self.low or 0)
        whole = st.integers(low, min(int(self.high or 0), low + 30))
        return whole | whole.map(float)


def definitions(db: Database) -> st.SearchStrategy[dict[str, Any]]:
    """Rules of every kind with every param that the catalogue lists, one within another."""
    parameters = [Parameter(**row) for row in db.rows("select * from private.rule_parameters()")]

    def parts(kind: str, nested: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        own = [p for p in parameters if p.kind == kind]
        return st.fixed_dictionaries(
            {p.name: p.values(nested) for p in own if p.is_required},
            optional={p.name: p.values(nested) for p in own if not p.is_required},
        )

    def kinds(nested: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        names = db.value("select private.rule_kinds()")
        return st.sampled_from(names).flatmap(
            lambda kind: st.fixed_dictionaries(
                {"kind": st.just(kind), "params": parts(kind, nested)}
            )
        )

    simple = kinds(st.just({"kind": "price_match"}))
    whole = st.fixed_dictionaries({"severity": st.sampled_from(["error", "warning", "info"])})
    around = {
        "applies_when": parts("applies_when", JSON),
        "locales": st.lists(ENTRIES["locales"], max_size=2),
        "scope": st.lists(st.sampled_from(["hook", "body", "caption"]), max_size=2),
        "message": WORDS,
        "examples": parts("examples", JSON),
    }
    more = st.fixed_dictionaries({}, optional=around)
    return st.builds(
        lambda *parts: functools.reduce(operator.or_, parts),
        kinds(st.recursive(simple, kinds, max_leaves=3)),
        whole,
        st.one_of(st.just({}), st.just({}), more),
    )


class Writer:
    """A person who tries one rule after another."""

    def __init__(self, db: Database) -> None:
        self.db, self.user = db, make_user(db)

    def accepts(self, definition: Row) -> bool:
        """Writes the rule in the last one's place; a refusal must be one that we mean."""
        self.db.execute("delete from public.brand_rules")
        try:
            with self.db.as_user(self.user) as owner:
                owner.execute(INSERT, Jsonb(definition))
        except psycopg.Error as error:
            if '"invalid_rule"' in (error.diag.message_primary or ""):
                return False
            raise
        return True

    def check(self, script: str) -> Row:
        """What the one rule says."""
        with self.db.as_user(self.user) as owner:
            return owner.row(CHECK, script)


@pytest.fixture
def writer(db: Database) -> Writer:
    return Writer(db)


def test_no_accepted_rule_breaks_a_check(db: Database, writer: Writer) -> None:
    accepted = []

    def attempt(definition: Row) -> None:
        if writer.accepts(definition):
            accepted.append(definition["kind"])
            for script in SCRIPTS:
                answer = writer.check(script)
                assert answer["status"] in STATUSES
                assert_is_readable(answer["message"])

    for definition in (*VALID, *map(with_decimals, VALID)):
        attempt(definition)
    # Each kind twice; then a generator that only made refusals would show nothing.
    assert sorted(accepted) == sorted([definition["kind"] for definition in VALID] * 2)
    TRIALS(given(definition=definitions(db))(attempt))()
    assert len(accepted) >= 2 * len(VALID) + TRIALS.max_examples / 10


def assert_is_readable(message: str | None) -> None:
    """No empty name, no missing number, no second space, no wrong plural outside of quotes."""
    if message is None:
        return
    bare = re.sub("“[^”]+”", "“…”", message)
    wrong = r"“\s*”|\b1 (times|words|characters|seconds|hashtags)\b|\ba income\b| ,| \.|\(\)|: *$"
    assert re.search(wrong, bare) is None, message
    assert message.strip(), "an empty message"


WHOLE_NUMBERS = [
    rule("required_mention", any_of=["lamp"], min=2),
    rule("disclosure", caption_first_chars=2),
    rule("disclosure", max_preceding_hashtags=2),
    rule("max_length", unit="seconds", max=2, wpm=120),
    rule("price_match", max_age_h=2),
    rule("hashtags", max=2),
    rule("emoji", max=2),
]


def with_decimals(definition: Row) -> Row:
    """2 as "2.0", which is the same number in JSON."""
    params = {
        name: float(value) if type(value) is int else value
        for name, value in definition["params"].items()
    }
    return definition | {"params": params}


def test_every_whole_number_is_tried_with_decimals(db: Database) -> None:
    names = db.rows("select kind, name from private.rule_parameters() where type = 'integer'")
    tried = {(rule["kind"], name) for rule in WHOLE_NUMBERS for name in rule["params"]}
    assert {tuple(row.values()) for row in names} - tried == set()


@pytest.mark.parametrize("definition", WHOLE_NUMBERS, ids=lambda d: d["kind"])
def test_a_whole_number_may_be_written_with_decimals(writer: Writer, definition: Row) -> None:
    scripts = ["lamp lamp", "a lamp #ad", "#a #b #c 🔥🔥🔥 #ad", "one two three four five $1"]
    answers = []
    for written in (definition, with_decimals(definition)):
        assert writer.accepts(written)
        answers.append([writer.check(script) for script in scripts])
    assert answers[0] == answers[1]


def test_each_default_of_the_description_is_what_holds(db: Database, writer: Writer) -> None:
    scripts = ["A m1racle! lumio, ﬁne. Shop now", "I love it #sp thanks to x", "#ad one two three"]
    bases = {
        "definition": rule("emoji", max=0),
        "banned_phrase": rule("banned_phrase", terms=["miracle", "fine"]),
        "required_mention": rule("required_mention", any_of=["LumiO"]),
        "disclosure": rule("disclosure"),
        "max_length": rule("max_length", unit="seconds", max=1),
        "regex": rule("regex", pattern="[0-9]"),
        "cta": rule("cta"),
        "competitor_mention": rule("competitor_mention", names=["Lumio"]),
    }
    for default in db.rows("select * from private.parameter_defaults()"):
        base, named = bases[default["kind"]], {default["name"]: default["value"]}
        explicit = base | (
            named if default["kind"] == "definition" else {"params": base["params"] | named}
        )
        answers = []
        for definition in (base, explicit):
            assert writer.accepts(definition), definition
            said = [writer.check(script) for script in scripts]
            # A message names what a rule names.
            answers.append([(answer["status"], answer["spans"]) for answer in said])
        assert answers[0] == answers[1], default


TERM_RULES = {
    "banned word": lambda term: rule("banned_phrase", terms=[term]),
    "banned prefix": lambda term: rule("banned_phrase", terms=[term], match="prefix"),
    "banned anywhere": lambda term: rule("banned_phrase", terms=[term], match="substring"),
    "banned as written": lambda term: rule("banned_phrase", terms=[term], normalise=[]),
    "banned in any case": lambda term: rule("banned_phrase", terms=[term], normalise=["case"]),
    "substitution": lambda term: rule("substitution", map={term: "zzz"}),
    "competitor": lambda term: rule("competitor_mention", names=[term]),
}
WANTED_RULES = {
    "mention": lambda term: rule("required_mention", all_of=[term]),
    "exact mention": lambda term: rule("required_mention", any_of=[term], spelling="exact"),
    "disclosure": lambda term: rule("disclosure", accepted=[term]),
    "call to action": lambda term: rule("cta", any_of=[term]),
}


# Separators, marks that compose with what stands before them, letters whose lower case is another.
HARD_TERMS = st.text(
    " \t\r\n-_.'\u2013\u00a0\u2028a0bÀ\u0301\u3099か\u0627\u0653\u1100\u1161\u11a8각"
    "\u202e\u202c\u200bİ\u212a\u1e9eΣς\u01c5\u0345é",
    min_size=1,
    max_size=8,
)


def test_every_accepted_term_is_found_in_itself(writer: Writer) -> None:
    @settings(TRIALS, max_examples=rounds(150, full=10_000))
    @given(term=TEXTS | HARD_TERMS, made=st.sampled_from(sorted(TERM_RULES | WANTED_RULES)))
    @example(term="\u200b", made="mention")
    @example(term="--", made="banned word")
    @example(term="ﬁne", made="banned as written")
    @example(term="a\u001fb", made="competitor")
    @example(term="_a_", made="exact mention")
    @example(term="½ ", made="call to action")
    @example(term="\u00b4À", made="mention")
    @example(term="0\r_À", made="banned as written")
    @example(term="free    shipping", made="banned word")
    @example(term="no - sugar", made="competitor")
    @example(term="a _-b", made="substitution")
    @example(term="\u1100\u1161", made="banned word")
    @example(term="か\u3099 き", made="exact mention")
    @example(term="\u0627\u0653", made="banned anywhere")
    @example(term="\u212aé", made="banned in any case")
    @example(term="\u1e9e", made="banned anywhere")
    @example(term="\u01c5", made="banned in any case")
    @example(term="0\u202e0 ", made="banned anywhere")
    def attempt(term: str, made: str) -> None:
        if writer.accepts((TERM_RULES | WANTED_RULES)[made](term)):
            expected = "fail" if made in TERM_RULES else "pass"
            assert writer.check(term)["status"] == expected, (made, ascii(term))

    attempt()


def test_a_term_that_reads_from_right_to_left_hides_no_other_term(writer: Writer) -> None:
    assert writer.accepts(rule("banned_phrase", terms=["\u202eabc", "déf", "cure"]))
    for said in ("\u202eabc", "déf", "cure"):
        assert writer.check(said)["status"] == "fail", ascii(said)


NEVER: list[tuple[Row, str]] = [
    (rule("max_length", unit="words", min=10, max=2), "params.min"),
    (rule("max_length", unit="chars", min=10_001), "params.min"),
    (rule("max_length", unit="words", min=5_001), "params.min"),
    (rule("max_length", unit="seconds", min=2_001), "params.min"),
    (rule("max_length", unit="chars", max=0), "params.max"),
    (rule("required_mention", any_of=["lamp"], min=21), "params.min"),
    (rule("required_mention", any_of=["\u200b"]), "params.any_of"),
    (rule("banned_phrase", terms=["- _"]), "params.terms"),
    (rule("banned_phrase", terms=["cure"], exceptions=["cure"]), "params.exceptions"),
    (rule("substitution", map={"iphone": "iPhone"}), "params.map"),
    (rule("substitution", map={"a": "b", "b": "a"}), "params.map"),
    (rule("substitution", map={"cheap": " "}), "params.map"),
    (rule("hashtags", required=["a b"]), "params.required"),
    (rule("hashtags", required=["ad"], forbidden=["#AD"]), "params.required"),
    (rule("hashtags", required=["a", "b"], max=1), "params.required"),
    (rule("emoji", forbidden=["x"]), "params.forbidden"),
    (rule("claim", category="health", policy="disclaim"), "params.disclaimer"),
    (rule("cta", required=False), "params.required"),
    (rule("rubric", text="\u200b"), "params.text"),
    (rule("emoji", max=1) | {"message": " "}, "message"),
    (rule("emoji", max=1) | {"locales": ["not a locale"]}, "locales"),
    (rule("emoji", max=1) | {"applies_when": {"categories": []}}, "applies_when.categories"),
    *(
        (rule("emoji", max=1) | {"scope": [part]}, "scope")
        for part in ("hook", "cta", "caption", "on_screen")
    ),
    (
        rule("not", rules=[{"kind": "max_length", "params": {"unit": "chars", "max": 0}}]),
        "params.rules[0].params.max",
    ),
]


REASONS = {"invalid", "missing", "unknown", "contradiction", "too_deep"}


def test_what_can_never_be_met_or_never_apply_is_refused(db: Database) -> None:
    user = make_user(db)
    for definition, field in NEVER:
        answer = refusal(db, user, INSERT, Jsonb(definition))
        assert (answer["status"], answer["code"]) == (422, "invalid_rule")
        assert answer["details"]["field"] == field
        assert answer["details"]["reason"] in REASONS
        assert re.fullmatch(r"The rule's \S+ [a-z].*\.", answer["message"])


NOWHERE = "Nothing."
MESSAGES: list[tuple[Row, str, str]] = [
    (rule("banned_phrase", terms=["a lamp"]), "A  lamp!", "Don't say “A lamp”."),
    # A word is named once, however often it stands there.
    (
        rule("banned_phrase", terms=["lamp", "best", "ever", "now"]),
        "Lamp, lamp, best, LAMP, ever, now",
        "Don't say “Lamp”, “best”, “ever”.",
    ),
    (
        rule("substitution", map={"cheap": "affordable"}),
        "cheap",
        "Say “affordable” instead of “cheap”.",
    ),
    (rule("required_mention", any_of=["Acme"]), NOWHERE, "Mention “Acme”."),
    (rule("required_mention", any_of=["Acme"], min=1), NOWHERE, "Mention “Acme”."),
    (
        rule("required_mention", any_of=["Acme"], min=2.0),
        "Acme",
        "Mention “Acme” at least 2 times.",
    ),
    (rule("required_mention", all_of=["Acme", "lamp"]), "lamp", "Mention “Acme”."),
    (
        rule("required_mention", all_of=["Acme"], any_of=["x", "y", "z"]),
        "Acme",
        "Mention “x”, “y” or “z”.",
    ),
    (
        rule("required_mention", any_of=["Acme"], spelling="exact"),
        "ACME",
        "Spell it exactly: “Acme”.",
    ),
    (rule("competitor_mention", names=["Lumio"]), "lumio", "Don't mention the competitor “lumio”."),
    (
        rule("competitor_mention", names=["Lumio"], policy="review"),
        "Lumio",
        "Is what this says of “Lumio” fair and true?",
    ),
    (rule("cta"), NOWHERE, "Tell viewers what to do next, a call to action."),
    (
        rule("cta", any_of=["visit us", "call"]),
        NOWHERE,
        "Tell viewers what to do next, a call to action: “visit us” or “call”.",
    ),
    (
        rule("cta", position="start"),
        "Lamp. " * 40 + "Shop now",
        "Move the call to action to the start of the script.",
    ),
    (
        rule("disclosure"),
        NOWHERE,
        (
            "Say clearly that this is an ad: “#ad”, “ad”, “sponsored”, “paid partnership” or"
            " “advertisement”."
        ),
    ),
    (
        rule("disclosure", accepted=["#Werbung"]),
        "#ad",
        "Say clearly that this is an ad: “#Werbung”.",
    ),
    (
        rule("disclosure", caption_first_chars=1),
        "A lamp #ad",
        "Say earlier that this is an ad: people must not miss it.",
    ),
    (
        rule("max_length", unit="chars", max=1),
        "abc",
        "Shorten it to 1 character at most: it has 3.",
    ),
    (rule("max_length", unit="words", max=1), "a b", "Shorten it to 1 word at most: it has 2."),
    (
        rule("max_length", unit="seconds", max=1.0, wpm=60),
        "a b",
        "Shorten it to 1 second at most: it takes 2.",
    ),
    (
        rule("max_length", unit="words", min=10),
        NOWHERE,
        "Say more, 10 words at least: it has 1.",
    ),
    (rule("hashtags", required=["ad", "#x"]), "#ad", "Add #x."),
    (rule("hashtags", forbidden=["fyp"]), "#fyp", "Leave out “#fyp”."),
    (rule("hashtags", max=1), "#a #b", "Use 1 hashtag at most: the script has 2."),
    (rule("emoji", max=0), "🔥", "Use 0 emoji at most: the script has 1."),
    (rule("emoji", forbidden=["💊"]), "💊", "Leave out “💊”."),
    (
        rule("reading_level", max=1.0),
        "Notwithstanding sophistication.",
        "Simplify it to grade 1 at most: it reads at grade 38.3.",
    ),
    (rule("regex", pattern="N"), NOWHERE, "The script has something that this rule forbids."),
    (
        rule("regex", pattern="X", must="match"),
        NOWHERE,
        "The script lacks something that this rule asks for.",
    ),
    (
        rule("claim", category="income", policy="forbid"),
        "get rich",
        "“get rich” makes an income claim.",
    ),
    (
        rule("claim", category="before_after", policy="forbid"),
        "before and after",
        "“before and after” makes a before-and-after claim.",
    ),
    (
        rule("claim", category="health", policy="substantiate"),
        "It cures",
        "“cures” needs proof: name the source in the rule, or leave it out.",
    ),
    (
        rule("claim", category="health", policy="disclaim", disclaimer="No cure"),
        "It heals",
        "“heals” needs the disclaimer “No cure”.",
    ),
    (
        rule("testimonial", policy="forbid_fabricated_first_person"),
        "I tried it",
        "“I tried” must be the speaker's own, true experience.",
    ),
    (rule("price_match"), "Only $5", "Is “$5” still the price on the product's page?"),
    (rule("tone", target="kind"), NOWHERE, "Is its tone “kind”?"),
    (
        rule("tone", target="kind", forbid=["rude", "loud"]),
        NOWHERE,
        "Is its tone “kind”, and not “rude” or “loud”?",
    ),
    (rule("tone", forbid=["rude"]), NOWHERE, "Is its tone not “rude”?"),
    (rule("rubric", text="Is it fair?"), NOWHERE, "Is it fair?"),
    (
        rule("all_of", rules=[{"kind": "cta"}, {"kind": "emoji", "params": {"max": 0}}]),
        "🔥",
        "Tell viewers what to do next, a call to action. Use 0 emoji at most: the script has 1.",
    ),
    (
        rule(
            "any_of",
            rules=[
                {"kind": "required_mention", "params": {"any_of": [name]}} for name in ("a", "b")
            ],
        ),
        NOWHERE,
        "Mention “a”. Or: Mention “b”.",
    ),
    (
        rule("not", rules=[{"kind": "emoji", "params": {"max": 1}}]),
        NOWHERE,
        "The script does what it must not.",
    ),
    (
        rule("emoji", max=0) | {"applies_when": {"paid_partnership": True}},
        "🔥",
        "If this is a paid partnership: Use 0 emoji at most: the script has 1.",
    ),
    (
        rule("emoji", max=0)
        | {"message": "No emoji.", "applies_when": {"categories": ["health", "beauty"]}},
        "🔥",
        "If this is about “health” or “beauty”: No emoji.",
    ),
]


def test_every_kind_says_what_is_wrong_in_a_sentence(db: Database, writer: Writer) -> None:
    said = []
    for definition, script, _message in MESSAGES:
        assert writer.accepts(definition), definition
        said.append((definition, script, writer.check(script)["message"]))
    assert said == MESSAGES
    kinds = {definition["kind"] for definition, _, _ in MESSAGES}
    assert kinds == set(db.value("select private.rule_kinds()"))


ADVISED = [
    rule("disclosure"),
    rule("disclosure", accepted=["#Werbung", "Anzeige"]),
    rule("cta", any_of=["visit us", "call"]),
    rule("required_mention", any_of=["Acme", "Acme Ltd"], spelling="exact"),
    rule("required_mention", all_of=["Acme"]),
]


@pytest.mark.parametrize("definition", ADVISED)
def test_what_a_message_advises_is_accepted(writer: Writer, definition: Row) -> None:
    assert writer.accepts(definition)
    advised = re.findall("“([^”]+)”", writer.check(NOWHERE)["message"])
    assert advised != []
    assert {text: writer.check(text)["status"] for text in advised} == dict.fromkeys(
        advised, "pass"
    )
