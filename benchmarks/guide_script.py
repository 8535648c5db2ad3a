"""The Keras guide "Transfer learning and fine-tuning", its first part: a `tf.data` pipeline and a frozen base.

    python benchmarks/guide_script.py FOLDER [--epochs 10]

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
import tensorflow as tf
from keras import layers

from benchmarks.usual_script import SIZE, base_model

BATCH = 64  # the guide's


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=10)
    asked = parser.parse_args()
    keras.utils.set_random_seed(0)

    def read(part: str, *, shuffle: bool) -> tf.data.Dataset:
        return keras.utils.image_dataset_from_directory(
            asked.folder / part, image_size=SIZE, batch_size=None, shuffle=shuffle, seed=0, crop_to_aspect_ratio=True
        )

    augmentation = [layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)]

    def augment(pixels, label):
        for layer in augmentation:
            pixels = layer(pixels)
        return pixels, label

    train = read("train", shuffle=True)
    classes = len(train.class_names)
    train = train.map(augment, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH).prefetch(tf.data.AUTOTUNE)
    val, test = (read(part, shuffle=False).batch(BATCH).prefetch(tf.data.AUTOTUNE) for part in ("val", "test"))

    base, preprocess = base_model("efficientnet_lite0")
    base.trainable = False
    inputs = keras.Input((*SIZE, 3))
    x = base(preprocess(inputs), training=False)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, layers.Dense(classes)(x))
    model.compile(
        keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    model.fit(train, validation_data=val, epochs=asked.epochs, verbose=2)
    _, accuracy = model.evaluate(test, verbose=0)
    model.save(asked.folder / "guide.keras")
    print(json.dumps({"accuracy": float(accuracy)}))


if __name__ == "__main__":
    main()
