"""Write a file of the present format, to be kept beside those of earlier ones: ``python tests/files/write.py``."""

import json
from pathlib import Path

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import presets
from presets.persistence.files import FORMAT

X = np.random.default_rng(0).standard_normal((60, 4))
network = presets.DNNClassifier(hidden_layer_sizes=(8,), optimizer="adam", learning_rate=0.01, epochs=4, random_state=0)
model = make_pipeline(StandardScaler(), FunctionTransformer(np.tanh), network).fit(
    X, np.where(X[:, 0] > 0, "up", "down")
)

stored = Path(__file__).with_name(f"format_{FORMAT}.skops")
presets.save(model, stored)
expected = {"X": X[:5].tolist(), "probabilities": model.predict_proba(X[:5]).tolist()}
stored.with_suffix(".json").write_text(json.dumps(expected))
