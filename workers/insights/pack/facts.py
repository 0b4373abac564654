"""What the product's page states, each fact with its evidence."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workers.insights.documents import FactKind
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import ProductFacts, Spec
from workers.insights.pack.kinds import names_kind
from workers.insights.pack.meaning import kind_of_product
from workers.insights.pack.words import Words
from workers.insights.sentiment.comments import clean
from workers.insights.sentiment.embedding import Vectors
from workers.insights.vocabulary import read_resource, whole_words

NAME_LIMIT = 80
SPOKEN_LIMIT = 50
SHORT_LIMIT, SHORT_WORDS = 26, 4  # of a name in a spoken line; a brand before it is not counted
_NAME_TAIL = re.compile(r"\s+[-\u2013\u2014|/]\s+|\s*[,;:(\[]|\s+(?=\d+\s*x\s*\d)")
# "$60 · " before a name, and "100 ML" or "black" behind it.
_PRICE_LEAD = re.compile(r"^(?:[$€£¥]\s?\d[\d.,]*|\d[\d.,]*\s?[$€£¥])\s*[-\u2013·|:]?\s+(?=\S)")
_SIZE_TAIL = re.compile(
    r"\s+(?:\d[\d.,]*\s?(?:ml|cl|l|g|kg|oz|fl\.? oz|cm|mm|inch|мл|см|кг|шт\.?|pcs)|size \w{1,4})$",
    re.IGNORECASE,
)
_LONGEST_CODE = 12  # characters
# A name that is cut must not end on these.
_DANGLING = frozenset((
    "and", "with", "for", "of", "the", "a", "an", "in", "on", "by", "to", "und", "mit", "für",
    "von", "et", "avec", "de", "du", "la", "le", "con", "para", "com", "y", "e", "&", "+",
))  # fmt: skip
_LENGTH = frozenset({"mm", "cm", "m", "inch"})
_VOLUME = frozenset({"ml", "cl", "l", "fl oz"})
_WEIGHT = frozenset({"mg", "g", "kg", "lb", "oz"})
_CENTIMETRES = {"mm": 0.1, "cm": 1.0, "m": 100.0, "inch": 2.54}
# Longest sides in cm, by standards: bank card (ISO 7810), paper (ISO 216), cabin bag (IATA).
_LIKE = {"card": 8.56, "a5": 21.0, "a4": 29.7, "a3": 42.0, "cabin": 55.0}
KILOGRAMS_A_POUND = 0.45359237
ALIKE = 0.05  # of a length that is called alike
SMALL = 20  # cm: it fits anywhere
LARGE = 100  # cm: nobody holds that next to a hand
_QUOTES = re.compile(r"[«»“”„\"®™©]")
# Behind a brand these name another person: "Alexander Girard for Herman Miller pillows".
_BY_OTHERS = frozenset({"for", "by", "x"})
# "KÄRCHER Hochdruckreiniger »K 3 Full Control«": the model stands in quotation marks.
_QUOTED = re.compile(r"[«»“”„\"]([^«»“”„\"]{2,30})[«»“”„\"]")
_TRADEMARK = re.compile(r"([^\W\d_][\w-]{2,})\s?[®™]")
_LONG_BRAND = 4  # letters: a longer one in capitals is written as a name
_SHADES = {
    shade: (whole_words([shade]), frozenset(fitting))
    for shade, fitting in read_resource("shades.toml").items()
}
# A buyer notices these: (unit, least or most amount).
_SHORT_WARRANTY = {"day": 184, "month": 6}
_HEAVY = {"kg": 20, "lb": 44}
_CLAIMS = tuple(
    (kind, whole_words(phrases)) for kind, phrases in read_resource("name_claims.toml").items()
)


@dataclass(frozen=True, slots=True)
class StatedFact:
    """What the page states, in the pack's language.

    `text` is what a creator reads in the list of facts, `states` the whole sentence. `subject` is
    the kind of fact as hooks tell them apart: the kinds, with sizes by what they measure. `like`
    names a thing of a standard size that is as long.
    """

    kind: FactKind
    text: str
    states: str
    subject: str
    evidence_id: str
    like: str | None = None
    name: str | None = None  # of what a number measures
    said: str = ""  # the number without that name
    seconds: int | None = None  # that a flow takes to fill a bucket
    is_tense: bool = False  # buyers notice it: a short warranty, no assembly, a heavy thing


@dataclass(frozen=True, slots=True)
class Claim:
    """What the product's name promises and a camera can test. `said` is as the name has it."""

    kind: str
    said: str
    states: str
    evidence_id: str
    text: str = ""  # what the page states instead


@dataclass(frozen=True, slots=True)
class KnownKind:
    """What kind of thing the product's name says it is, where a test of that kind is known."""

    name: str
    states: str
    evidence_id: str


@dataclass(frozen=True, slots=True)
class StatedFacts:
    """Each with the evidence that it cites; none where the page states nothing."""

    facts: tuple[StatedFact, ...] = ()
    stars: float | None = None
    reviews: int = 0
    claim: Claim | None = None
    kind: KnownKind | None = None

    def about(self, *subjects: str) -> StatedFact | None:
        """The first that is there, in the order of the subjects."""
        by_subject = {fact.subject: fact for fact in reversed(self.facts)}
        return next((by_subject[each] for each in subjects if each in by_subject), None)

    def of(self, kind: FactKind) -> StatedFact | None:
        """The first of its kind. `stock` is there only while nobody can buy the product."""
        return next((fact for fact in self.facts if fact.kind == kind), None)


def shown_name(product_name: str) -> str:
    """The user's own name for the product, on one line and of a length that fits a sentence."""
    name = clean(product_name)
    return name if len(name) <= NAME_LIMIT else name[: NAME_LIMIT - 1].rstrip() + "…"


def spoken_name(product_name: str) -> str:
    """The name as a person says it: shops put colour, size and model number behind it."""
    shown = _PRICE_LEAD.sub("", shown_name(product_name))
    name = _SIZE_TAIL.sub("", _NAME_TAIL.split(shown)[0].strip()) or product_name
    words = name.split()
    while len(" ".join(words)) > SPOKEN_LIMIT and len(words) > 1:
        words.pop()
    while len(words) > 1 and words[-1].lower() in _DANGLING:
        words.pop()
    return " ".join(words)


def short_name(product_name: str, brand: str | None = None) -> str:
    """The first words of the name, as few as a spoken line bears: "KÄRCHER Hochdruckreiniger"."""
    name = " ".join(_QUOTES.sub(" ", spoken_name(product_name)).split()) or product_name
    words, before = name.split(), len((brand or "").split())
    if not brand or not name.lower().startswith(f"{brand.lower()} "):
        before = 0
    if before and is_design(product_name, brand):
        return " ".join(words[before + 1 :])
    model = _model(product_name, words, before)
    if model:
        return f"{_as_name(' '.join(words[:before]))} {model}".strip()
    kept = words[: max(SHORT_WORDS, before + 2)]
    limit = max(SHORT_LIMIT, len(" ".join(words[: before + 1])) if before else 0)
    while len(" ".join(kept)) > limit and len(kept) > 1:
        kept.pop()
    while len(kept) > 1 and kept[-1].lower() in _DANGLING:
        kept.pop()
    return " ".join(kept)


def _model(product_name: str, words: list[str], before: int) -> str:
    """What the maker calls it: in quotation marks, or in capitals behind a description."""
    quoted = _QUOTED.search(clean(product_name))
    if quoted is not None:
        return quoted.group(1).strip()
    last = len(words)
    while last > before and words[last - 1][0].isupper():
        last -= 1
    is_described = any(word.islower() for word in words[before:last])
    return " ".join(words[last:]) if before and is_described else ""


def is_code(product_name: str) -> bool:
    """Whether the name is one word in capitals or with digits: nobody hears what it is."""
    name = spoken_name(product_name)
    is_word = len(name) <= _LONGEST_CODE and " " not in name
    return is_word and (name.isupper() or any(letter.isdigit() for letter in name))


def _is_cut(product_name: str, short: str) -> bool:
    """Whether the short name lacks words of the spoken one. A model in quotation marks is whole."""
    if _QUOTED.search(clean(product_name)) is not None:
        return False
    return len(short.split()) < len(_QUOTES.sub(" ", spoken_name(product_name)).split())


def _as_name(brand: str) -> str:
    return brand.capitalize() if brand.isupper() and len(brand) > _LONG_BRAND else brand


def is_design(product_name: str, brand: str | None) -> bool:
    """Whether the page's brand made it for another: "Alexander Girard for Herman Miller"."""
    name = clean(product_name).lower()
    return bool(brand) and any(
        name.startswith(f"{(brand or '').lower()} {word} ") for word in _BY_OTHERS
    )


def search_name(words: Words, product_name: str, brand: str | None, kind: str | None) -> str:
    """What finds videos of it: its short name, or its brand and kind.

    The kind stands where the short name says no more, is a code, or was cut from a longer one.
    """
    short = short_name(product_name, brand)
    marked = _TRADEMARK.search(clean(product_name))
    made_by = brand or (marked.group(1) if marked else "")
    if is_code(product_name) and brand and kind is None:
        return f"{_as_name(brand)} {short}"
    if kind is None or is_design(product_name, brand):
        return short
    is_half = bool(made_by) and _is_cut(product_name, short)
    if not (names_kind(short, kind) or is_half or is_code(product_name)):
        return short
    return f"{_as_name(made_by)} {words.say(f'kinds.{kind}.search')}".strip()


def _shade(name: str, product: ProductFacts, log: EvidenceLog, words: Words) -> Claim | None:
    """A colour in the name that is none of those that the page states."""
    if not product.colours:
        return None
    for pattern, fitting in _SHADES.values():
        found = pattern.search(clean(name))
        if found is not None and not fitting & set(product.colours):
            text = words.joined(words.say(f"colours.{colour}") for colour in product.colours)
            states = words.say("states.shade", claim=found.group(), text=text)
            evidence = log.add("product_fact", states, [product.url or product.name])
            return Claim("shade", found.group(), states, evidence, text)
    return None


def _is_tense(subject: str, product: ProductFacts) -> bool:
    spec = next((each for each in product.specs if f"spec_{each.kind}" == subject), None)
    if subject == "spec_assembly":
        return True
    if spec is None or not spec.amount:
        return False
    if subject == "spec_warranty":
        return float(spec.amount) <= _SHORT_WARRANTY.get(spec.unit, 0)
    return subject == "spec_weight" and float(spec.amount) >= _HEAVY.get(spec.unit, math.inf)


def _kind(
    names: tuple[str, ...],
    product: ProductFacts,
    log: EvidenceLog,
    words: Words,
    vectors: Vectors | None,
) -> KnownKind | None:
    """By the user's name for the product, else by the page's, and by the page's categories."""
    if product.is_auction:
        return None
    found = kind_of_product(names, product.categories, vectors)
    if found is None:
        return None
    states = words.say("states.kind", noun=words.say(f"kind_tests.{found}.noun"))
    return KnownKind(found, states, log.add("product_fact", states, [product.url or product.name]))


def _claim(name: str, product: ProductFacts, log: EvidenceLog, words: Words) -> Claim | None:
    """The first kind of the table that the name has. A stated material needs no test."""
    ref = product.url or product.name
    shade = _shade(name, product, log, words)
    if shade is not None:
        return shade
    for kind, pattern in _CLAIMS:
        found = pattern.search(clean(name))
        if found is not None and not (kind == "fabric" and product.materials):
            states = words.say("states.claim", claim=found.group())
            return Claim(kind, found.group(), states, log.add("product_fact", states, [ref]))
    return None


def stated_facts(
    product: ProductFacts | None,
    log: EvidenceLog,
    words: Words,
    product_name: str = "",
    vectors: Vectors | None = None,
) -> StatedFacts:
    """`product_name` is the user's own for the product: what it promises is a claim.

    With `vectors` the kind is told by meaning, too.
    """
    if product is None:
        return StatedFacts()
    ref = product.url or product.name
    facts = []
    for kind, subject, fields in _stated(product, words):
        if kind == "brand" and is_design(product_name, product.brand):
            continue  # a designer, whom the page's field calls a brand
        said_as = subject if subject == "auction" else kind
        states = words.say(f"states.{said_as}", **fields)
        text = words.say(f"facts.{said_as}", **fields)
        evidence = log.add("product_fact", states, [ref])
        like = fields.pop("like", None)
        named = None if like is None else words.say(f"like.{like}")
        name = str(fields["name"]) if "name" in fields else None
        facts.append(
            StatedFact(
                kind,
                text,
                states,
                subject,
                evidence,
                named,
                name,
                _said(kind, product, fields, words),
                _seconds(subject, product),
                _is_tense(subject, product),
            )
        )
    # Without a number of reviews a rating says nothing.
    has_rating = any(fact.kind == "rating" for fact in facts)
    return StatedFacts(
        tuple(facts),
        stars=product.rating if has_rating else None,
        reviews=(product.review_count or 0) if has_rating else 0,
        claim=_claim(product_name, product, log, words),
        kind=_kind((product_name, product.name), product, log, words, vectors),
    )


def _said(kind: FactKind, product: ProductFacts, fields: Mapping[str, object], words: Words) -> str:
    """As it may be spoken: of a size with several sides the longest."""
    text = str(fields.get("text", ""))
    size = next((each for each in product.sizes if size_text(each, words) == text), None)
    return longest_side(size, words) if kind == "size" and size else text


def _seconds(subject: str, product: ProductFacts) -> int | None:
    flow = next((spec for spec in product.specs if spec.kind == "flow"), None)
    return bucket_seconds(flow) if flow is not None and subject == "spec_flow" else None


def _stated(
    product: ProductFacts, words: Words
) -> Iterator[tuple[FactKind, str, dict[str, object]]]:
    """Kind, subject, and the fields of the texts of each fact."""
    price = None if product.price is None else words.price(product.price, product.currency)
    if price is not None:
        yield "price", "auction" if product.is_auction else "price", {"text": price}
    stock = f"stock.{product.availability}"
    if words.knows(stock):
        yield "stock", "stock", {"text": words.say(stock)}
    if product.rating is not None and product.review_count and 0 < product.rating <= 5:
        reviews = words.say("counts.reviews", n=product.review_count)
        stars = words.number(product.rating, 1)
        yield "rating", "rating", {"stars": stars, "reviews": reviews}
    for material in product.materials:
        yield "material", "material", {"text": words.say(f"materials.{material}")}
    yield from _measured(product, words)
    for colour in product.colours:
        yield "colour", "colour", {"text": words.say(f"colours.{colour}")}
    if product.brand:
        yield "brand", "brand", {"text": shown_name(product.brand)}


def _measured(
    product: ProductFacts, words: Words
) -> Iterator[tuple[FactKind, str, dict[str, object]]]:
    """Sizes and numbers of the page's rows."""
    has_weight = any(spec.kind == "weight" for spec in product.specs)
    for size in product.sizes:
        if has_weight and _measures(size) == "weight":
            continue
        fields: dict[str, object] = {"text": size_text(size, words)}
        like = _alike(size)
        if like is not None:
            fields["like"] = like
        yield "size", "length_like" if like else _measures(size), fields
    for spec in product.specs:
        name = words.say(f"specs.{spec.kind}")
        yield "spec", f"spec_{spec.kind}", {"name": name, "text": spec_text(spec, words)}


_ANSWERS = {
    "batteries": "specs.none",
    "assembly": "specs.not_included",
    "childlock": "specs.there",
}


def spec_text(spec: Spec, words: Words) -> str:
    """A number of the page with its unit: "2 h 30 min", "2 years"."""
    if spec.kind in _ANSWERS:
        return words.say(_ANSWERS[spec.kind])
    if spec.unit == "minute":
        hours, minutes = divmod(int(spec.amount), 60)
        return " ".join([f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes))
    if words.knows(f"units.{spec.unit}"):
        return words.say(f"units.{spec.unit}", n=int(spec.amount))
    said = words.size(f"{spec.amount} {spec.unit}".strip())
    if spec.unit == "lb" and words.locale != "en":
        return f"{words.number(float(spec.amount) * KILOGRAMS_A_POUND, 1)} kg ({said})"
    return said


def size_text(size: str, words: Words) -> str:
    """A size as people say it there: centimetres before inches where those are usual."""
    sides = _sides(size)
    if words.locale == "en" or not size.endswith("inch") or not sides:
        return words.size(size)
    metric = " × ".join(words.number(side, 1) for side in sides)
    return f"{metric} cm ({words.size(size)})"


def longest_side(size: str, words: Words) -> str:
    """ "198 cm on its longest side". A size of one number is said as it is."""
    amounts, _, unit = size.rpartition(" ")
    sides = amounts.split(" × ")
    if len(sides) < 2 or not _sides(size):
        return size_text(size, words)
    longest = max(sides, key=lambda side: float(side.replace(",", ".")))
    said = f"{words.size(longest)} {unit}"
    if unit == "inch" and words.locale != "en":
        said = f"{words.number(max(_sides(size)), 1)} cm"
    return words.say("format.longest", text=said)


BUCKET = 10  # litres


def bucket_seconds(spec: Spec) -> int | None:
    """How long a flow takes to fill a bucket; None for what is no flow."""
    litres_a_second = {"l/h": 1 / 3600, "l/min": 1 / 60}.get(spec.unit.lower())
    amount = float(spec.amount)
    return round(BUCKET / (amount * litres_a_second)) if litres_a_second and amount else None


def _sides(size: str) -> list[float]:
    """In centimetres; none for what is no length."""
    amounts, _, unit = size.rpartition(" ")
    factor = _CENTIMETRES.get(unit)
    if factor is None:
        return []
    return [float(side) * factor for side in amounts.replace(",", ".").split(" × ")]


def _alike(size: str) -> str | None:
    longest = max(_sides(size), default=0.0)
    near = {name: abs(length - longest) / length for name, length in _LIKE.items()}
    name = min(near, key=lambda each: near[each])
    return name if near[name] <= ALIKE else None


def _measures(size: str) -> str:
    """What a size measures, by its unit; "size" for clothes."""
    if max(_sides(size), default=0.0) >= LARGE:
        return "large"
    if 0 < max(_sides(size), default=0.0) < SMALL:
        return "size"
    unit = size.lstrip("0123456789.,× ")
    by_unit = (("length", _LENGTH), ("volume", _VOLUME), ("weight", _WEIGHT))
    return next((name for name, units in by_unit if unit in units), "size")
