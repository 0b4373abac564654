"""Language of a short comment: by its script, its words, a detector, and its thread.

A detector for sentences errs on texts such as "me encanta" or "bagus banget". So three scores are
added: the detector's, one from lists of words that are frequent in short comments, and a prior. The
prior comes from the thread's comments, the language the platform states, and the caption.
"""

from __future__ import annotations

import math
import re
import tomllib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from workers.insights.sentiment.embedding import LANGUAGES as READ
from workers.insights.sentiment.third_party import SentimentIntensityAnalyzer, detect

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
MANY_LETTERS = 40  # from this length on the detector has its full weight
FLOOR = 0.02  # least probability taken from the detector, so that it excludes no language
# Log weight of a word for a language that lists it, and for one that does not but another does.
KNOWN, FOREIGN = 2.0, -1.5
STRANGE = -1.2  # log weight for English of a word that no language lists
ACCENT = -3.0  # log weight for English of a text with a letter beyond ASCII
CERTAIN = 0.5  # least probability to name a language
PSEUDO_COMMENTS = 4.0  # how many comments `USUAL` counts as, and the stated language, too
# Prior of a text without a thread.
USUAL = {ENGLISH: 0.3, "es": 0.08, "pt": 0.07, "fr": 0.06, "id": 0.06, "de": 0.05}
OTHERS = 0.02  # prior of a language that `USUAL` does not name
RARE = 0.005  # least prior of a language that a thread has
LONG, SHORT_COUNTS = 20, 0.5  # letters of a long comment; what a shorter one counts


@dataclass(frozen=True, slots=True)
class Prior:
    """The expected share of each language in a thread; a missing language has `OTHERS`."""

    shares: Mapping[str, float]

    def log(self, language: str) -> float:
        return math.log(self.shares.get(language, OTHERS))


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What one text tells. `script` names its language; if it is None, `scores` are log weights."""

    script: str | None
    scores: Mapping[str, float]
    prior_weight: float
    letters: int

    def best(self, prior: Prior) -> str:
        if self.script or not self.scores:
            return self.script or UNKNOWN
        scores = {
            language: score + prior.log(language) * self.prior_weight
            for language, score in self.scores.items()
        }
        best = max(scores, key=lambda language: scores[language])
        chance = 1 / sum(math.exp(score - scores[best]) for score in scores.values())
        return best if chance >= CERTAIN and best in NAMES else UNKNOWN


def detect_languages(
    texts: Sequence[str], stated: str | None = None, caption: str = ""
) -> list[str]:
    """The language of each comment of a thread: a code of `NAMES`, or `UNKNOWN`.

    `stated` is the language that the platform gives for the video.
    """
    found = [_evidence(text) for text in texts]
    of_caption = _evidence(caption)
    prior = _thread_prior([of_caption, of_caption, *found], stated)
    return [evidence.best(prior) for evidence in found]


def detect_language(text: str) -> str:
    """The language of a text without its thread: a code of `NAMES`, or `UNKNOWN`."""
    return _evidence(text).best(Prior(USUAL))


def _thread_prior(found: Iterable[_Evidence], stated: str | None) -> Prior:
    """The prior from a thread's texts and the stated language. Short texts count less."""
    counts: defaultdict[str, float] = defaultdict(float)
    for language, share in USUAL.items():
        counts[language] += share * PSEUDO_COMMENTS
    if stated and (code := stated.lower()[:2]) in NAMES:
        counts[code] += PSEUDO_COMMENTS
    for evidence in found:
        language = evidence.best(Prior(USUAL))
        if language != UNKNOWN:
            counts[language] += 1.0 if evidence.letters >= LONG else SHORT_COUNTS
    total = sum(counts.values())
    return Prior({language: max(n / total, RARE) for language, n in counts.items()})


def is_read(language: str, text: str) -> bool:
    """Whether the engine reads the text: its language is one of `READ`, or it has no words.

    Emoji have no words. A text with words of an unknown language is not read.
    """
    return language in READ or (language == UNKNOWN and not _words(text))


def names_of(languages: Iterable[str]) -> tuple[str, ...]:
    """The English names, the most frequent first. `UNKNOWN` has none."""
    counts = Counter(code for code in languages if code != UNKNOWN)
    return tuple(NAMES[code] for code, _ in counts.most_common())


def _words(text: str) -> list[str]:
    """Lower-case words without mentions, hashtags, links; "sooo" counts as "so"."""
    plain = _NO_SPEECH.sub(" ", _APOSTROPHE.sub("", text))
    return [_REPEATED.sub(r"\1", word.lower()) for word in _WORD.findall(plain)]


def _evidence(text: str) -> _Evidence:
    words = _words(text)
    letters = "".join(words)
    if not words or (script := _by_script(letters)):
        return _Evidence(script if words else None, {}, 0.0, len(letters))
    joined = " ".join(words)
    trust = min(1.0, len(joined) / MANY_LETTERS)
    found = {str(item["lang"]): float(item["score"]) for item in detect(joined, model="lite", k=8)}
    scores = {
        language: trust * math.log(max(found.get(language, 0.0), FLOOR)) + score
        for language, score in _by_words(words, found).items()
    }
    if not joined.isascii():
        scores[ENGLISH] += ACCENT
    return _Evidence(None, scores, 1 - trust / 2, len(letters))


def _by_script(letters: str) -> str | None:
    """The language that the script of most letters tells; None for Latin letters."""
    if letters.isascii():
        return None
    scripts = Counter(_script(letter) for letter in letters)
    if scripts["HIRAGANA"] + scripts["KATAKANA"]:
        return "ja"
    script, n = scripts.most_common(1)[0]
    possible = _SCRIPTS.get(script)
    if possible is None or n * 2 < len(letters):
        return None
    if len(possible) == 1:
        return possible[0]
    found = {str(item["lang"]): float(item["score"]) for item in detect(letters, model="lite", k=5)}
    return max(possible, key=lambda code: found.get(code, 0.0) + 0.5 * (code == possible[0]))


@lru_cache(4096)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ", 1)[0]


def _by_words(words: Sequence[str], languages: Iterable[str]) -> dict[str, float]:
    """Log weights of the given languages and of those with a list.

    A text of more than four words counts as four average ones.
    """
    listed = _languages_by_word()
    known = [listed.get(word, frozenset()) for word in words]
    elsewhere = FOREIGN * sum(bool(languages) for languages in known)
    scores = dict.fromkeys({*languages, *_lists()}, elsewhere)
    for of_word in known:
        for language in of_word:
            scores[language] += KNOWN - FOREIGN
    scores[ENGLISH] += STRANGE * sum(not languages for languages in known)
    share = max(1.0, len(words) / 4)
    return {language: score / share for language, score in scores.items()}


@cache
def _languages_by_word() -> dict[str, frozenset[str]]:
    words: defaultdict[str, set[str]] = defaultdict(set)
    for language, listed in _lists().items():
        for word in listed:
            words[word].add(language)
    return {word: frozenset(languages) for word, languages in words.items()}


@cache
def _lists() -> dict[str, frozenset[str]]:
    """Words by language. English also has the words of VADER's lexicon."""
    file = files("workers.insights").joinpath("resources", "short_words.toml")
    lists = {
        code: frozenset(s.split()) for code, s in tomllib.loads(file.read_text("utf-8")).items()
    }
    foreign = frozenset().union(*(words for code, words in lists.items() if code != ENGLISH))
    lexicon = {word for word in SentimentIntensityAnalyzer().lexicon if word.isalpha()}
    return {**lists, ENGLISH: lists[ENGLISH] | (lexicon - foreign)}
