"""Which single words many comments name: what they are about, beyond the closed lists.

A word counts if clearly more people name it than ordinary language does. The encoder's own pieces
tell how common a word is in all its languages. The embedding tells which words mean the same, and
which are said under every video, name a person, or are nobody's business
(`resources/content_words.toml`). No more than the word itself is told.

Only languages with articles are searched: what stands behind one is mostly a thing. Words were read
by hand: `tests/evaluation/word_precision.csv`.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from workers.insights.documents import NamedWord, NamedWordKind
from workers.insights.evidence import EvidenceLog
from workers.insights.sentiment.comments import person_of
from workers.insights.sentiment.embedding import Vectors, embed, pieces_of
from workers.insights.sentiment.opinions import ReadComment
from workers.insights.sentiment.totals import total_of
from workers.insights.statistics import wilson
from workers.insights.vocabulary import read_resource

Rows = NDArray[np.float32]

LEAST_PEOPLE = 3
LEAST_SHARE = 0.04
MAX_WORDS = 5
LONGEST = 24  # characters
MOST_EMBEDDED = 150  # words of one analysis, which bounds the time
CLEARLY = 2.0  # times as many as ordinary language would give, at the low end of the interval
# The pieces are counted over all of the encoder's languages together, and comments are in one.
IN_ONE_LANGUAGE = 16
# Longer or rarer than this is misspelled, invented, or a handle.
MOST_PIECES, RAREST = 3, -24.0
BEHIND_ARTICLE = 0.25  # share of the places where it is named
FRAGMENT = 0.6  # share of the places before one and the same word: "machine" of "machine learning"
SAME = 0.85  # cosine of inflections and translations
GENERIC, SENSITIVE, TOLD = 0.78, 0.72, 0.75  # cosines from which a word is like another
KIND = 0.8
# How much nearer to names than to things a word is that names a person. A capital is a sign of one.
LIKE_NAMES, NEARER, NEARER_CAPITAL = 0.45, 0.04, -0.03
_NEAREST = 3
_CAPITAL_NOUNS = frozenset({"de"})
_WORD = re.compile(rf"(?<![\w@#./'\u2019-])[^\W\d_]{{3,{LONGEST}}}(?![\w@/'\u2019-])(?!\.\w)")
_LAST = re.compile(r"([^\W\d_]+)\s+$")
_NEXT = re.compile(r"\s+([^\W\d_]+)")
_RAW = read_resource("content_words.toml")
BEFORE: dict[str, frozenset[str]] = {
    code: frozenset(words) for code, words in _RAW["before"].items()
}
_ARTICLES = frozenset().union(*BEFORE.values())
_NEVER = frozenset((*_RAW["generic"], *_RAW["sensitive"], *_RAW["rude"]))
# Share of real topics among those read by hand; a test compares it with the sheet.
PRECISION = 0.902
CAVEAT = (
    "Words that comments name are found in seven languages; of those read by hand, "
    f"{100 * PRECISION:.0f} % were topics of the comments."
)


@dataclass(frozen=True, slots=True)
class Known:
    """What needs no telling: aspects and viewers' themes that are told, the creator's own texts."""

    told: Collection[str] = ()
    captions: Sequence[str] = ()


@dataclass(slots=True)
class _Named:
    """Where a word stands: the first comment of each person, and how it is written."""

    by_person: dict[str, ReadComment] = field(default_factory=dict)
    spellings: Counter[str] = field(default_factory=Counter)
    inside: Counter[str] = field(default_factory=Counter)  # spellings within a sentence
    after: Counter[str] = field(default_factory=Counter)  # the words behind it
    places: int = 0
    behind_article: int = 0
    german: int = 0
    is_in_caption: bool = False

    @property
    def is_capital(self) -> bool:
        """Whether most write it with a capital where no rule asks for one."""
        capitals = sum(n for word, n in self.inside.items() if word.istitle())
        return 2 * self.german < self.places and 2 * capitals > self.inside.total()

    @property
    def is_fragment(self) -> bool:
        """Whether it stands for a term of two words."""
        return max(self.after.values(), default=0) >= max(2, FRAGMENT * self.places)

    def as_read(self, word: str) -> str:
        """As the embedding reads it best: German "Lied" is a song, English "lied" is not."""
        return word.capitalize() if 2 * self.german >= max(1, self.places) else word

    def spelling(self) -> str:
        """As most people write it, without the capital of a sentence's first word."""
        if self.inside:
            return min(self.inside, key=lambda word: (-self.inside[word], word))
        return min(self.spellings, key=lambda word: (-self.spellings[word], word)).lower()


@dataclass(frozen=True, slots=True)
class _Lists:
    """Vectors of the resource's words."""

    generic: Rows
    sensitive: Rows
    names: Rows
    things: Rows
    told: dict[str, Rows]
    kinds: dict[NamedWordKind, Rows]


def named_words(
    read: Sequence[ReadComment],
    known: Known,
    usual: tuple[float, float] | None,
    vectors: Vectors,
    log: EvidenceLog,
) -> tuple[NamedWord, ...]:
    """The words that most people name. Of a person's comments one counts.

    `usual` is the interval of the net of all comments, None where the scorer was not measured.
    """
    searched = [
        item for item in read if item.comment.kind == "comment" and item.counted.language in BEFORE
    ]
    people = len({person_of(item.comment) for item in searched})
    if people < LEAST_PEOPLE:
        return ()
    found = _found(searched)
    length = sum(len(item.counted.text.split()) for item in searched) / len(searched)
    written = " ".join(known.captions).casefold()
    kept = []
    for group in _groups(found, vectors):
        hits = _together([found[word] for word in group])
        if (
            _is_frequent(hits, people)
            and _is_clearly_more(group, len(hits.by_person), people, length)
            and _may_be_told(group[0], hits, known.told, vectors)
        ):
            hits.is_in_caption = any(word in written for word in group)
            kept.append(hits)
    # What the creator does not name comes first.
    kept.sort(key=lambda hits: (hits.is_in_caption, -len(hits.by_person), hits.spelling()))
    return tuple(_named_word(hits, people, usual, vectors, log) for hits in kept[:MAX_WORDS])


def load() -> None:
    """Embeds the words of the resource, which are kept."""
    _lists()


def _found(searched: Sequence[ReadComment]) -> dict[str, _Named]:
    found: defaultdict[str, _Named] = defaultdict(_Named)
    for item in searched:
        text, code = item.counted.text, item.counted.language
        for match in _WORD.finditer(text):
            spelling, word = match.group(), match.group().casefold()
            if word in _ARTICLES or word in _NEVER:
                continue
            named = found[word]
            before = _LAST.search(text[max(0, match.start() - LONGEST - 2) : match.start()])
            named.by_person.setdefault(person_of(item.comment), item)
            named.spellings[spelling] += 1
            named.places += 1
            named.german += code in _CAPITAL_NOUNS
            behind = _NEXT.match(text, match.end())
            if behind is not None and behind.group(1).casefold() not in _ARTICLES:
                named.after[behind.group(1).casefold()] += 1
            if before is not None:
                named.inside[spelling] += 1
                named.behind_article += before.group(1).casefold() in BEFORE[code]
    return found


def _groups(found: dict[str, _Named], vectors: Vectors) -> Iterator[list[str]]:
    """Words of the same meaning together, first the one that most people name."""
    likely = [
        word
        for word, named in found.items()
        if len(named.by_person) > 1
        and named.behind_article >= max(1, BEHIND_ARTICLE * named.places)
        and not named.is_fragment
        and _is_known(word)
    ]
    likely.sort(key=lambda word: (-len(found[word].by_person), word))
    likely = likely[:MOST_EMBEDDED]
    rows = vectors.of([found[word].as_read(word) for word in likely])
    left = list(range(len(likely)))
    while left:
        same = [place for place in left if place == left[0] or rows[left[0]] @ rows[place] >= SAME]
        left = [place for place in left if place not in same]
        yield [likely[place] for place in same]


def _together(group: Sequence[_Named]) -> _Named:
    """One of several words, spelled as the first."""
    first, *others = group
    by_person = dict(first.by_person)
    for other in others:
        by_person = {**other.by_person, **by_person}
    return _Named(
        by_person,
        first.spellings,
        first.inside,
        first.after,
        sum(each.places for each in group),
        sum(each.behind_article for each in group),
        sum(each.german for each in group),
    )


def _is_frequent(hits: _Named, people: int) -> bool:
    n = len(hits.by_person)
    return n >= max(LEAST_PEOPLE, LEAST_SHARE * people) and hits.behind_article > 1


def _is_clearly_more(group: Sequence[str], n: int, people: int, length: float) -> bool:
    """Than comments of this length would name in ordinary language."""
    usual = sum(
        1 - math.exp(-length * IN_ONE_LANGUAGE * math.exp(pieces_of(word)[1])) for word in group
    )
    return wilson(n / people, people)[0] >= CLEARLY * usual


def _is_known(word: str) -> bool:
    pieces, log_probability = pieces_of(word)
    return pieces <= MOST_PIECES and log_probability > RAREST


def _may_be_told(word: str, hits: _Named, told: Collection[str], vectors: Vectors) -> bool:
    """Not what is said under every video, what is private, a name, or what is told already."""
    lists, [row] = _lists(), vectors.of([hits.as_read(word)])
    if _nearest(lists.generic, row) >= GENERIC or _nearest(lists.sensitive, row) >= SENSITIVE:
        return False
    if any(name in told and _nearest(rows, row) >= TOLD for name, rows in lists.told.items()):
        return False
    as_name, as_thing = _nearest(lists.names, row, _NEAREST), _nearest(lists.things, row, _NEAREST)
    if hits.is_capital:
        return as_name - as_thing < NEARER_CAPITAL
    return as_name < LIKE_NAMES or as_name - as_thing < NEARER


def _named_word(
    hits: _Named,
    people: int,
    usual: tuple[float, float] | None,
    vectors: Vectors,
    log: EvidenceLog,
) -> NamedWord:
    word, items = hits.spelling(), list(hits.by_person.values())
    share = len(items) / people
    low, high = wilson(share, people)
    found = total_of([item.opinion for item in items]) if usual is not None else None
    is_apart = found is not None and usual is not None and _is_apart(found.net_ci95, usual)
    said = f"{len(items)} of {people} people name “{word}”."
    return NamedWord(
        word=word,
        kind=_kind(hits.as_read(word.casefold()), vectors),
        in_caption=hits.is_in_caption,
        n=len(items),
        of=people,
        share=round(share, 3),
        ci95=(round(low, 3), round(high, 3)),
        net=found.net if found is not None and is_apart else None,
        net_ci95=found.net_ci95 if found is not None and is_apart else None,
        evidence_ids=(log.add("comment", said, [item.ref for item in items], label="word"),),
    )


def _is_apart(net: tuple[float, float], usual: tuple[float, float]) -> bool:
    """Whether comments with the word are good or bad, and unlike all, beyond chance."""
    return (net[0] > 0 and net[0] > usual[1]) or (net[1] < 0 and net[1] < usual[0])


def _kind(word: str, vectors: Vectors) -> NamedWordKind:
    [row] = vectors.of([word])
    return next(
        (kind for kind, rows in _lists().kinds.items() if _nearest(rows, row) >= KIND), "other"
    )


def _nearest(rows: Rows, row: Rows, n: int = 1) -> float:
    """The mean cosine of the `n` nearest."""
    return float(np.sort(rows @ row)[-n:].mean())


@cache
def _lists() -> _Lists:
    return _Lists(
        generic=embed(_RAW["generic"]),
        sensitive=embed(_RAW["sensitive"]),
        names=embed(_RAW["names"]),
        things=embed(_RAW["things"]),
        told={name: embed(words) for name, words in _RAW["told"].items()},
        kinds={kind: embed(words) for kind, words in _RAW["kinds"].items()},
    )
