"""What may be said of a number: a sentence with a count uses words of the finding that states it.

"8 people died" has the count of "8 comments praise it", and nothing else of it. Every word of the
number's clause must be one of its source, of what the source's label means, or a word without a
meaning of its own. Negations and comparisons ("not", "more than") are in none of these lists. A
sentence that uses other words is refused, true or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from workers.insights.documents import Locale

# Words without a meaning of their own, what people do when they comment, and what is counted.
_COMMON: Mapping[Locale, str] = {
    "en": "a an the this that these those it its they them their there he she his her who which"
    " what of in on at to for from by with about and or as is are was were be been being has have"
    " had do does did so such all each both also just only here when while your you we our my us i"
    " me s re ve d m ll one ones between around among per out other others same"
    " speak speaks spoke speaking talk talks talked talking mention mentions mentioned say says"
    " said saying tell tells told write writes wrote name names named discuss bring brings up"
    " comment comments commented review reviews reviewed"
    " people person viewers viewer buyers post posts video videos clip clips creator creators"
    " get gets got reach reaches reached score scores scored net star stars average rating rated"
    " rate view views usual usually point points time times x percent share scale read counted"
    " shows show out total",
    "es": "un una unos unas el la los las lo este esta esto estos estas eso ese esa que quien"
    " quienes de del en a al para por con sobre y e o u como es son era fue fueron ser está están"
    " ha han hay se su sus le les te tu tus nos nuestro mi mis yo más_o_menos cada todos todas"
    " también solo sólo aquí cuando entre uno otra otro otros otras"
    " habla hablan hablaron menciona mencionan dice dicen dijeron cuenta cuentan escribe escriben"
    " comenta comentan nombra nombran opina opinan comentario comentarios reseña reseñas"
    " persona personas gente publicación publicaciones vídeo vídeos video videos creador creadores"
    " tiene tienen recibe llega alcanza consigue nota puntuación puntos punto estrella estrellas"
    " media vistas visualizaciones veces vez habitual habituales normal x saldo total leídos",
    "pt": "um uma uns umas o a os as este esta isto esse essa isso estes estas que quem de do da"
    " dos das em no na nos nas ao à aos às para por pelo pela com sobre e ou como é são era foi"
    " foram ser está estão tem têm há se seu sua seus suas te teu tua nosso meu minha eu cada todos"
    " todas também só aqui quando entre outro outra outros outras"
    " fala falam falaram menciona mencionam diz dizem disseram conta contam escreve escrevem"
    " comenta comentam cita citam opina opinam comentário comentários avaliação avaliações"
    " pessoa pessoas gente publicação publicações post posts vídeo vídeos criador criadores perfil"
    " perfis recebe chega alcança consegue nota pontuação pontos ponto estrela estrelas média"
    " visualizações vezes vez habitual habituais normal x saldo total lidos",
    "fr": "un une des le la les l ce cet cette ces ça cela c qui que qu quoi de du d en à au aux"
    " pour par avec sur dans et ou comme est sont était été être a ont il elle ils elles on se s"
    " son sa ses leur leurs te ton ta tes nous notre mon ma mes je j y chaque tous toutes aussi ici"
    " quand entre autre autres"
    " parle parlent parlé mentionne mentionnent dit disent raconte racontent écrit écrivent"
    " commente commentent cite citent commentaire commentaires avis personne personnes gens"
    " publication publications vidéo vidéos créateur créateurs compte comptes obtient atteint"
    " reçoit note score points point étoile étoiles moyenne vues vue fois habituel habituelle"
    " habituels habituelles x solde total lus",
    "de": "ein eine einer einen einem eines der die das den dem des dies diese dieser dieses es sie"
    " er ihr ihre ihren wer was welche welcher von vom in im an am auf zu zum zur für mit über bei"
    " und oder als wie ist sind war waren sein hat haben wird werden so alle aller allen jede jeder"
    " auch nur hier wenn während du dein deine wir unser unsere mein meine ich uns mich man davon"
    " darüber dazu zwischen andere anderen anderer je pro"
    " spricht sprechen sprachen redet reden erwähnt erwähnen sagt sagen sagten erzählt erzählen"
    " schreibt schreiben nennt nennen kommentiert kommentieren kommentar kommentare kommentaren"
    " bewertung bewertungen leute leuten personen person menschen stimmen beitrag beiträge"
    " beiträgen video videos post posts kanal kanäle konten erreicht bekommt erhält note punkt"
    " punkte punkten stern sterne sternen durchschnitt schnitt aufrufe aufrufen mal üblichen"
    " übliche üblicher sonst x saldo gesamt gelesen",
}
# What people do whose comment has this label.
_LABELLED: Mapping[Locale, Mapping[str, str]] = {
    "en": {
        "praise": "like likes liked love loves loved enjoy praise good great nice happy pleased",
        "pain": "complain dislike dislikes bad problem criticise criticize annoyed unhappy",
        "question": "ask asks asked asking question questions wonder want know how where if",
        "objection": "doubt hesitate object worry worries worried unsure",
        "desire": "wish wishes want wants would like ask hope hopes",
        "intent": "want wants buy buys buying bought order ordered get",
        "risk": "report reports reported warn warns warned",
        "stars": "give gives gave",
    },
    "es": {
        "praise": "gusta gustan encanta encantan elogia elogian alaban bueno buena bien contentos",
        "pain": "queja quejan critica critican malo mala mal problema molesta descontentos",
        "question": "pregunta preguntan preguntaron quiere quieren saber cómo dónde cuánto si",
        "objection": "duda dudan preocupa preocupan",
        "desire": "desea desean quiere quieren gustaría pide piden",
        "intent": "quiere quieren comprar compra compran compraron pedir",
        "risk": "avisa avisan advierten informan",
        "stars": "da dan dieron",
    },
    "pt": {
        "praise": "gosta gostam adora adoram elogia elogiam bom boa bem contentes satisfeitos",
        "pain": "reclama reclamam queixa queixam critica criticam mau ruim mal problema",
        "question": "pergunta perguntam perguntaram quer querem saber como onde quanto se",
        "objection": "duvida duvidam hesita hesitam preocupa preocupam",
        "desire": "deseja desejam quer querem gostaria gostariam pede pedem",
        "intent": "quer querem comprar compra compram compraram encomendar",
        "risk": "avisa avisam relatam alertam",
        "stars": "dá dão deram",
    },
    "fr": {
        "praise": "aime aiment adore adorent apprécie apprécient louent bon bonne bien contents",
        "pain": "plaint plaignent critique critiquent mauvais mauvaise mal problème mécontents",
        "question": "demande demandent pose posent question questions veut veulent savoir comment"
        " où combien si",
        "objection": "doute doutent hésite hésitent inquiète inquiètent",
        "desire": "souhaite souhaitent veut veulent voudrait voudraient aimerait aimeraient demande"
        " demandent",
        "intent": "veut veulent acheter achète achètent acheté commander",
        "risk": "signale signalent avertit avertissent",
        "stars": "donne donnent",
    },
    "de": {
        "praise": "mag mögen liebt lieben lobt loben gefällt gut gute toll zufrieden schätzen",
        "pain": "beklagt beklagen beschwert beschweren sich kritisiert kritisieren schlecht problem"
        " stört unzufrieden bemängeln",
        "question": "fragt fragen fragten frage will wollen wissen wie wo nach ob",
        "objection": "zweifelt zweifeln zögert zögern sorgt sorgen sich",
        "desire": "wünscht wünschen sich will wollen möchte möchten hätten gern",
        "intent": "will wollen kaufen kauft gekauft bestellen bestellt",
        "risk": "meldet melden warnt warnen berichten",
        "stars": "gibt geben",
    },
}
_ALIKE = {"mostly good": "praise", "mostly bad": "pain", "positive": "praise", "negative": "pain"}
_DENIES = ("less", "los", "free", "frei")


def is_said(
    words: Iterable[str], known: frozenset[str], labels: frozenset[str], locale: Locale
) -> bool:
    """Whether each word is common, one of `known`, or what one of the labels means."""
    listed = _common(locale) | {
        word for label in labels for word in _meaning(label, locale).split()
    }
    return all(word in listed or any(_is_form(word, each) for each in known) for word in words)


@cache
def _common(locale: Locale) -> frozenset[str]:
    return frozenset(_COMMON[locale].split())


def _meaning(label: str, locale: Locale) -> str:
    return _LABELLED[locale].get(_ALIKE.get(label, label), "")


def _is_form(word: str, other: str) -> bool:
    """Whether two words are forms of one: "speak" and "speaks", "durable" and "durability"."""
    if word == other:
        return True
    pairs = zip(word, other, strict=False)
    shared = next((place for place, (a, b) in enumerate(pairs) if a != b), None)
    if shared is None:
        shared = min(len(word), len(other))
    rests = word[shared:], other[shared:]
    if any(rest.startswith(_DENIES) for rest in rests):
        return False
    return (shared >= 4 and max(map(len, rests)) <= 3) or (
        shared >= 5 and max(map(len, rests)) <= 5
    )
