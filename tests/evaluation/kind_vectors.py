"""Makes the vectors of the names in kind_prototypes.toml, one byte a number.

`python -m tests.evaluation.kind_vectors`, after each change of the names.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workers.insights import vocabulary
from workers.insights.pack.meaning import digest, texts_of
from workers.insights.sentiment.embedding import embed

TARGET = Path(vocabulary.__file__).with_name("resources") / "kind_prototypes.npz"

if __name__ == "__main__":
    texts = texts_of(vocabulary.read_resource("kind_prototypes.toml")["names"])
    rows = embed(texts)
    largest = np.abs(rows).max(axis=1, keepdims=True)
    np.savez_compressed(
        TARGET, vectors=np.rint(rows / largest * 127).astype(np.int8), digest=digest(texts)
    )
