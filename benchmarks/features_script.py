"""Features from `model.predict`, and scikit-learn's logistic regression upon them.

    python benchmarks/features_script.py FOLDER

FOLDER has `train/`, `val/` and `test/`, each with a folder for each class. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.usual_script import SIZE, base_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=0, help="there are none")
    asked = parser.parse_args()
    keras.utils.set_random_seed(0)
    base, preprocess = base_model("efficientnet_lite0")
    model = keras.Sequential([base, keras.layers.GlobalAveragePooling2D()])

    def read(part: str) -> tuple[np.ndarray, np.ndarray]:
        data = keras.utils.image_dataset_from_directory(
            asked.folder / part, image_size=SIZE, batch_size=32, shuffle=False, crop_to_aspect_ratio=True
        )
        labels = np.concatenate([label for _, label in data])
        return model.predict(data.map(lambda pixels, label: preprocess(pixels)), verbose=0), labels

    features, labels = read("train")
    head = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(features, labels)
    print(json.dumps({"accuracy": float(head.score(*read("test")))}))


if __name__ == "__main__":
    main()
