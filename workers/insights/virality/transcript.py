"""What is said in a video, as kinds, seconds and counts. The result contains none of its words.

Patterns guess the kinds. Patterns of hooks are English. Patterns of calls to action and beats have
phrases of English, German, French, Spanish, Portuguese and Italian. Nobody measured how often they
are right. Times, pace and the product's name need no pattern.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Literal

from workers.insights.documents import (
    CallToAction,
    HookCount,
    HookType,
    Openings,
    SpokenBeat,
    SpokenBeatKind,
    VideoStructure,
)
from workers.insights.evidence import EvidenceLog
from workers.insights.inputs import Cue, Transcript, Video
from workers.insights.virality.hooks import hook_type

HOOK_SECONDS = 3.0
MIN_OPENINGS = 3  # posts with a transcript; fewer are not summed up
MAX_BEATS = 12
NAME_LETTERS = 3  # least length of a word that names a product
BASIS = "What videos say is read from their subtitles; kinds of hooks and beats are guesses."

_WITHOUT_SPACES = frozenset({"zh", "ja", "th", "lo", "km", "my"})
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
CallKind = Literal["link", "buy", "follow", "comment", "save", "share"]
# What viewers are asked to do. If several kinds match a cue, the first one counts.
_CALLS: dict[CallKind, re.Pattern[str]] = {
    "link": re.compile(
        r"link (is )?in (my |the )?bio|(yellow|orange) (basket|cart)|link (below|down below)"
        r"|link in der bio|lien (est )?(en|dans la|dans ma) bio|(link|enlace) en (la|mi) bio"
        r"|link (está )?na bio|link in bio|tiktok shop",
        re.IGNORECASE,
    ),
    "buy": re.compile(
        r"\b(get|grab|buy|order|shop) (yours|it|one|them|this|yours now|now)\b|use (my |the )?code"
        r"|(hol|kauf|bestell)(t|e)? (es |sie |ihn )?(dir|euch|jetzt)\b|achète[sz]?[- ](le|la|en)\b"
        r"|commande[sz]?[- ](le|la)\b|cómpral[oa]|consíguel[oa]|pídel[oa]|compre (já|agora|o seu)"
        r"|garanta o seu|compral[oa]|ordinal[oa]",
        re.IGNORECASE,
    ),
    "follow": re.compile(
        r"\bfollow (me|for|us|along)\b|\bsubscribe\b|folg(t|e)? (mir|uns)|abonne[sz]?[- ](toi|vous)"
        r"|sígueme|síguenos|me segue|segue (o perfil|a gente|aqui)|seguimi|seguiteci",
        re.IGNORECASE,
    ),
    "comment": re.compile(
        r"\b(comment|tell me|let me know) (below|down|in the comments|what|which|if|your)\b"
        r"|in the comments|in die kommentare|(en|dans les) commentaires?|en (los )?comentarios"
        r"|nos comentários|nei commenti",
        re.IGNORECASE,
    ),
    "save": re.compile(
        r"\bsave (this|it)\b|speicher(t|e)? (dir |euch )?(das|dieses)|enregistre[sz]?[- ](la|cette)"
        r"|guarda (este|esto)|salva (esse|este|isso)|salva questo",
        re.IGNORECASE,
    ),
    "share": re.compile(
        r"\b(share|send) (this|it) (with|to)\b|teil(t|e)? (das|dieses)|partage[sz]?[- ](la|cette)"
        r"|comparte (este|esto)|compartilha|condividi",
        re.IGNORECASE,
    ),
}
# What a part is about. If several kinds match a cue, the first one counts.
_BEATS: dict[SpokenBeatKind, re.Pattern[str]] = {
    "problem": re.compile(
        r"\b(problem|struggl\w+|annoy\w+|hate|tired of|sick of|frustrat\w+|always breaks?"
        r"|nerv(t|en|ig)|probleme?s?|problème|marre de|problema|odio|harta? de|cansad[ao] de"
        r"|stuf[ao] di)\b",
        re.IGNORECASE,
    ),
    "proof": re.compile(
        r"\b(tested|reviews?|because|studies|per ?cent|results?|after \w+ (days|weeks|months)"
        r"|getestet|weil|bewertungen|ergebnis|testé|parce que|avis|résultats?|probé|porque"
        r"|reseñas|resultados?|testei|avaliações|provato|perché|recensioni|risultat[oi])\b|%",
        re.IGNORECASE,
    ),
    "demo": re.compile(
        r"\b(look at|watch|let me show|show you|here's how|you just|first you|then you|step"
        r"|like this|schau(t)?|zeig(e)? (ich )?(dir|euch)|so geht|regarde[sz]?"
        r"|je (te|vous) montre|comme ça|mira|te (lo )?muestro|así|olha|vou (te )?mostrar|assim"
        r"|guarda(te)?|ti mostro|così)\b",
        re.IGNORECASE,
    ),
}


def structure(video: Video, names: Sequence[str], log: EvidenceLog) -> VideoStructure | None:
    """The structure of one video; None without a transcript. `names` name the product."""
    said = video.transcript
    if said is None or not said.cues:
        return None
    pace, product_at = _words_per_second(said), _first_mention(said, names)
    call, hook = _call_to_action(said), _spoken_hook(said)
    facts = [f"{_length(said):.0f} s of speech"]
    facts += [f"{pace:.1f} words a second"] if pace is not None else []
    facts += [f"the product is named after {product_at:.1f} s"] if product_at is not None else []
    facts += [f"a call to action after {call.at_s:.0f} s"] if call is not None else []
    source = "subtitles show" if said.basis == "subtitles" else "transcription shows"
    paraphrase = f"The video's {source} {', '.join(facts)}."
    return VideoStructure(
        language=said.language,
        basis=said.basis,
        spoken_hook=hook,
        words_per_second=pace,
        product_first_s=product_at,
        call_to_action=call,
        beats=_beats(said, call),
        evidence_ids=(log.add("video", paraphrase, [video.ref], url=video.url),),
    )


def openings(posts: Sequence[Video], names: Sequence[str], log: EvidenceLog) -> Openings | None:
    """How the posts with a transcript begin; None for fewer than MIN_OPENINGS."""
    said = [(post, post.transcript) for post in posts if post.transcript and post.transcript.cues]
    if len(said) < MIN_OPENINGS:
        return None
    hooks = Counter(_spoken_hook(transcript) for _, transcript in said)
    paces = [pace for _, each in said if (pace := _words_per_second(each)) is not None]
    mentions = [at for _, each in said if (at := _first_mention(each, names)) is not None]
    refs = [post.ref for post, _ in said]
    paraphrase = f"What is said in {len(said)} posts that stood out."
    return Openings(
        n=len(said),
        hooks=tuple(HookCount(hook=hook, n=n) for hook, n in hooks.most_common()),
        words_per_second=round(median(paces), 2) if paces else None,
        product_first_s=round(median(mentions), 1) if len(mentions) * 2 >= len(said) else None,
        evidence_ids=(log.add("video", paraphrase, refs),),
    )


def product_names(product_name: str, brand: str | None) -> tuple[str, ...]:
    """Words that name a product: the last word of its name, and its brand."""
    words = [word.casefold() for word in _WORD.findall(product_name) if word.isalpha()]
    kind = next((word for word in reversed(words) if len(word) >= NAME_LETTERS), None)
    brands = [word.casefold() for word in _WORD.findall(brand or "") if len(word) >= NAME_LETTERS]
    return tuple(dict.fromkeys([*([kind] if kind else []), *brands]))


def _spoken_hook(said: Transcript) -> HookType:
    """The kind of the first HOOK_SECONDS of speech."""
    end = said.cues[0].start_s + HOOK_SECONDS
    return hook_type(" ".join(_said_before(said.cues, end)))


def _said_before(cues: Sequence[Cue], end_s: float) -> Iterator[str]:
    """The words before `end_s`. A cue that goes on gives a share of its words."""
    for cue in cues:
        if cue.start_s >= end_s:
            return
        share = min(1.0, (end_s - cue.start_s) / (cue.end_s - cue.start_s))
        words = cue.text.split()
        yield " ".join(words[: max(1, round(len(words) * share))])


def _words_per_second(said: Transcript) -> float | None:
    words = sum(len(_WORD.findall(cue.text)) for cue in said.cues)
    seconds = _spoken_seconds(said.cues)
    if said.language in _WITHOUT_SPACES or not words or seconds < 1:
        return None
    return round(words / seconds, 2)


def _spoken_seconds(cues: Sequence[Cue]) -> float:
    """Overlapping cues count once."""
    total, until = 0.0, 0.0
    for cue in cues:
        total += max(0.0, cue.end_s - max(cue.start_s, until))
        until = max(until, cue.end_s)
    return total


def _length(said: Transcript) -> float:
    return max(cue.end_s for cue in said.cues)


def _first_mention(said: Transcript, names: Sequence[str]) -> float | None:
    """When the product is first named. The position of the word gives the time within its cue."""
    known = {form for name in names for form in (name, f"{name}s", f"{name}'s")}
    for cue in said.cues:
        words = [word.casefold() for word in _WORD.findall(cue.text)]
        place = next((place for place, word in enumerate(words) if word in known), None)
        if place is not None:
            return round(cue.start_s + (cue.end_s - cue.start_s) * place / len(words), 1)
    return None


def _call_to_action(said: Transcript) -> CallToAction | None:
    for cue in reversed(said.cues):
        for kind, pattern in _CALLS.items():
            if pattern.search(cue.text):
                return CallToAction(kind=kind, at_s=round(cue.start_s, 1))
    return None


def _beats(said: Transcript, call: CallToAction | None) -> tuple[SpokenBeat, ...]:
    """Joins neighbouring cues of one kind. "other" joins the beat before it, but not the hook."""
    found: list[tuple[SpokenBeatKind, float, float]] = []
    hook_end = said.cues[0].start_s + HOOK_SECONDS
    for cue in said.cues:
        kind = _beat_kind(cue, hook_end, call)
        last = found[-1] if found else None
        if last is not None and (kind == last[0] or (kind == "other" and last[0] != "hook")):
            found[-1] = (last[0], last[1], max(last[2], cue.end_s))
        else:
            found.append((kind, cue.start_s, cue.end_s))
    return tuple(
        SpokenBeat(kind=kind, from_s=round(start, 1), to_s=round(end, 1))
        for kind, start, end in found[:MAX_BEATS]
    )


def _beat_kind(cue: Cue, hook_end: float, call: CallToAction | None) -> SpokenBeatKind:
    if call is not None and round(cue.start_s, 1) == call.at_s:
        return "call_to_action"
    if cue.start_s < hook_end:
        return "hook"
    kinds = (kind for kind, pattern in _BEATS.items() if pattern.search(cue.text))
    return next(kinds, "other")
