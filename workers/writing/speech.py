"""The words by which numbers and their units are said, in each language of a pack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.insights.documents import Locale

# Canonical units; other words map to them.
NET, SHARE, TIMES, POINT, STAR, POST = "net", "%", "time", "point", "star", "post"
_MONEY = {
    "USD": "$ dollars dollar d\u00f3lares d\u00f3lar",
    "EUR": "\u20ac euros euro",
    "GBP": "\u00a3 pounds pound libras",
    "JPY": "\u00a5 yen yenes",
    "INR": "\u20b9 rupees rupee",
}
_UNITS: Mapping[Locale, Mapping[str, str]] = {
    "en": {
        "comment": "comments people person viewers viewer commenters opinions mentions",
        "review": "reviews reviewers",
        POST: "posts videos video clips clip",
        "creator": "creators authors",
        "second": "seconds sec secs s",
        "hour": "hours h hrs",
        "day": "days",
        "minute": "minutes min mins",
        "view": "views",
        TIMES: "times x \u00d7 fold",
        POINT: "points score scores scored",
        STAR: "stars rating rated",
        NET: "net",
    },
    "es": {
        "comment": "comentarios comentario personas persona opiniones opini\u00f3n",
        "review": "rese\u00f1as rese\u00f1a valoraciones",
        POST: "publicaciones publicaci\u00f3n v\u00eddeos v\u00eddeo videos video",
        "creator": "creadores creador",
        "second": "segundos segundo s",
        "hour": "horas hora h",
        "day": "d\u00edas d\u00eda",
        "minute": "minutos minuto min",
        "view": "vistas visualizaciones",
        TIMES: "veces vez x \u00d7",
        POINT: "puntos punto",
        STAR: "estrellas estrella",
        "positive": "positivo positivos positiva positivas",
        "neutral": "neutro neutros neutral neutrales",
        "negative": "negativo negativos negativa negativas",
    },
    "pt": {
        "comment": "coment\u00e1rios coment\u00e1rio pessoas pessoa opini\u00f5es opini\u00e3o",
        "review": "avalia\u00e7\u00f5es avalia\u00e7\u00e3o",
        POST: "posts post v\u00eddeos v\u00eddeo publica\u00e7\u00f5es",
        "creator": "perfis perfil criadores criador",
        "second": "segundos segundo s",
        "hour": "horas hora h",
        "day": "dias dia",
        "minute": "minutos minuto min",
        "view": "visualiza\u00e7\u00f5es",
        TIMES: "vezes vez x \u00d7",
        POINT: "pontos ponto",
        STAR: "estrelas estrela",
        "positive": "positivo positivos positiva positivas",
        "neutral": "neutro neutros neutra neutras",
        "negative": "negativo negativos negativa negativas",
    },
    "fr": {
        "comment": "commentaires commentaire personnes personne opinions",
        "review": "avis",
        POST: "publications publication vid\u00e9os vid\u00e9o",
        "creator": "comptes compte cr\u00e9ateurs cr\u00e9ateur",
        "second": "secondes seconde s",
        "hour": "heures heure h",
        "day": "jours jour",
        "minute": "minutes minute min",
        "view": "vues vue",
        TIMES: "fois x \u00d7",
        POINT: "points point",
        STAR: "\u00e9toiles \u00e9toile",
        "positive": "positif positifs positive positives",
        "neutral": "neutre neutres",
        "negative": "n\u00e9gatif n\u00e9gatifs n\u00e9gative n\u00e9gatives",
    },
    "de": {
        "comment": "kommentare kommentaren kommentar leute leuten personen menschen stimmen",
        "review": "bewertungen bewertung rezensionen",
        POST: "beitr\u00e4ge beitr\u00e4gen beitrag videos video posts post",
        "creator": "kan\u00e4le kan\u00e4len kanal konten creators",
        "second": "sekunden sekunde s",
        "hour": "stunden stunde h",
        "day": "tage tagen tag",
        "minute": "minuten minute min",
        "view": "aufrufe aufrufen",
        TIMES: "mal fach x \u00d7",
        POINT: "punkte punkten punkt",
        STAR: "sterne sternen stern",
        "positive": "positiv positive positiven",
        "neutral": "neutral neutrale neutralen",
        "negative": "negativ negative negativen",
    },
}
# Without "one", which is an article in most of them. Vague ones equal no field.
_SPELLED: Mapping[Locale, Mapping[int, str]] = {
    "en": {
        0: "zero", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight",
        9: "nine", 10: "ten", 11: "eleven", 12: "twelve dozen", 13: "thirteen", 14: "fourteen",
        15: "fifteen", 16: "sixteen", 17: "seventeen", 18: "eighteen", 19: "nineteen",
        20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 70: "seventy",
        80: "eighty", 90: "ninety", 100: "hundred", 1000: "thousand", 1_000_000: "million",
    },
    "es": {
        0: "cero", 2: "dos", 3: "tres", 4: "cuatro", 5: "cinco", 6: "seis", 7: "siete", 8: "ocho",
        9: "nueve", 10: "diez", 11: "once", 12: "doce docena", 13: "trece", 14: "catorce",
        15: "quince", 16: "diecis\u00e9is", 17: "diecisiete", 18: "dieciocho", 19: "diecinueve",
        20: "veinte", 30: "treinta", 40: "cuarenta", 50: "cincuenta", 60: "sesenta",
        70: "setenta", 80: "ochenta", 90: "noventa", 100: "cien ciento", 1000: "mil",
        1_000_000: "mill\u00f3n",
    },
    "pt": {
        0: "zero", 2: "dois duas", 3: "tr\u00eas", 4: "quatro", 5: "cinco", 6: "seis", 7: "sete",
        8: "oito", 9: "nove", 10: "dez", 11: "onze", 12: "doze d\u00fazia", 13: "treze",
        14: "catorze quatorze", 15: "quinze", 16: "dezesseis", 17: "dezessete", 18: "dezoito",
        19: "dezenove", 20: "vinte", 30: "trinta", 40: "quarenta", 50: "cinquenta",
        60: "sessenta", 70: "setenta", 80: "oitenta", 90: "noventa", 100: "cem cento", 1000: "mil",
        1_000_000: "milh\u00e3o",
    },
    "fr": {
        0: "z\u00e9ro", 2: "deux", 3: "trois", 4: "quatre", 5: "cinq", 6: "six", 7: "sept",
        8: "huit", 9: "neuf", 10: "dix", 11: "onze", 12: "douze douzaine", 13: "treize",
        14: "quatorze", 15: "quinze", 16: "seize", 20: "vingt vingts", 30: "trente",
        40: "quarante", 50: "cinquante", 60: "soixante", 100: "cent cents", 1000: "mille",
        1_000_000: "million",
    },
    "de": {
        0: "null", 2: "zwei", 3: "drei", 4: "vier", 5: "f\u00fcnf", 6: "sechs", 7: "sieben",
        8: "acht", 9: "neun", 10: "zehn", 11: "elf", 12: "zw\u00f6lf dutzend", 13: "dreizehn",
        14: "vierzehn", 15: "f\u00fcnfzehn", 16: "sechzehn", 17: "siebzehn", 18: "achtzehn",
        19: "neunzehn", 20: "zwanzig", 30: "drei\u00dfig", 40: "vierzig", 50: "f\u00fcnfzig",
        60: "sechzig", 70: "siebzig", 80: "achtzig", 90: "neunzig", 100: "hundert",
        1000: "tausend", 1_000_000: "million",
    },
}  # fmt: skip
_VAGUE: Mapping[Locale, str] = {
    "en": "half halves third thirds quarter quarters twice thrice double doubles doubled triple"
    " triples tripled tens dozens hundreds thousands millions billion billions trillion trillions"
    " quadruple quadruples quadrupled quintuple quintuples quintupled majority minority"
    " fifth fifths sixth sixths seventh sevenths eighth eighths ninth ninths tenth tenths",
    "es": "mitad medio media tercio tercios doble triple decenas docenas cientos centenares miles"
    " millones mayor\u00eda",
    "pt": "metade meio meia ter\u00e7o ter\u00e7os dobro triplo dezenas d\u00fazias centenas"
    " milhares milh\u00f5es maioria",
    "fr": "moiti\u00e9 demi tiers quart double triple dizaines douzaines centaines milliers"
    " millions plupart",
    "de": "halb halbe halben h\u00e4lfte drittel viertel doppelt doppelte dreifach dutzende"
    " hunderte tausende millionen mehrheit",
}


_MEASURES = (
    "hour day week month year semana mese mes m\u00eas ano a\u00f1o semaine mois an ann\u00e9e"
    " woche wochen monat monate jahr jahre jahren"
    " g kg ml l cl cm mm m km w kw watt v volt mah gb mb"
)
# Units of what a product claims of itself.
MEASURES = frozenset(_MEASURES.split())
# Parts and multiples of one thing, which may also be ordinals: "the sixth glass", "brush it twice".
_PARTS: Mapping[Locale, str] = {
    "en": "half halves third quarter fifth sixth seventh eighth ninth tenth twice double",
    "es": "mitad medio media tercio doble",
    "pt": "metade meio meia ter\u00e7o dobro",
    "fr": "moiti\u00e9 demi tiers quart double",
    "de": "halb halbe halben h\u00e4lfte drittel viertel doppelt doppelte",
}
# Nouns of people, beside those of comments and reviews: what so many of them say is a statistic.
_PEOPLE = (
    "buyer customer user owner shopper parent mom mum dad friend fan follower subscriber expert"
    " doctor complaint order sale"
    " comprador compradore cliente usuario usu\u00e1rio due\u00f1o dono amigo seguidor seguidore"
    " queja reclama\u00e7\u00e3o reclama\u00e7\u00f5e venta venda pedido"
    " acheteur client utilisateur parent ami abonn\u00e9 plainte vente commande"
    " k\u00e4ufer k\u00e4ufern kunde kunden nutzer nutzern freunde freunden fan abonnenten"
    " beschwerden verk\u00e4ufe bestellungen"
)
PEOPLE = frozenset(_PEOPLE.split())


@dataclass(frozen=True, slots=True)
class Speech:
    """`wholes` are what stands between 8 and 120 in "8 of 120", in words."""

    unit_of: Mapping[str, str]
    spelled: Mapping[str, str]
    vague: frozenset[str]
    ones: frozenset[str]
    wholes: tuple[tuple[str, ...], ...]
    skipped: frozenset[str]  # articles and the like, between a number and its unit
    between: frozenset[str] = field(default=frozenset())
    parts: frozenset[str] = field(default=frozenset())  # those of `vague` that are of one thing


def _speech(locale: Locale, ones: str, wholes: str, skipped: str, between: str) -> Speech:
    units = {**_UNITS[locale], **_MONEY}
    return Speech(
        unit_of={
            word: unit
            for unit, words in units.items()
            for word in (unit.casefold(), *words.split())
        },
        spelled={
            word: str(value) for value, words in _SPELLED[locale].items() for word in words.split()
        },
        vague=frozenset(_VAGUE[locale].split()),
        ones=frozenset(ones.split()),
        wholes=tuple(tuple(phrase.split()) for phrase in wholes.split(",")),
        skipped=frozenset(skipped.split()),
        between=frozenset(between.split()),
        parts=frozenset(_PARTS[locale].split()),
    )


SPEECHES: Mapping[Locale, Speech] = {
    "en": _speech(
        "en", "one", "out of,of,in,/", "of the these those all its other is are was every",
        "to and or",
    ),
    "es": _speech(
        "es", "uno una", "de cada,de entre,de,/",
        "de los las el la del estos estas otros otras es son fue todos todas", "a y o",
    ),
    "pt": _speech(
        "pt", "um uma", "em cada,de cada,de,em,/",
        "de dos das do da os as o a outros outras \u00e9 s\u00e3o foi todos todas", "a e ou",
    ),
    "fr": _speech(
        "fr", "un une", "sur les,sur,/",
        "de des du les le la ces autres est sont tous toutes d l", "\u00e0 et ou",
    ),
    "de": _speech(
        "de", "ein eine einer", "von den,von,aus,/",
        "der die das den dem von anderen andere ist sind alle aller so", "bis und oder",
    ),
}  # fmt: skip
