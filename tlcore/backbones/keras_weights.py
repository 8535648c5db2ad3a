"""Names the layers of a backbone in Keras, and fills them with published weights, whatever an item is.

It knows Keras layers and weight files. It does not know how a backbone is built.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from pathlib import Path

import keras

from tlcore.backbones.backbone import Backbone
from tlcore.backbones.weights import check_weights
from tlcore.errors import WeightsError


def load_weights(model: keras.Model, backbone: Backbone, path: Path) -> None:
    """Fill every layer from a file that Keras wrote.

    Raises:
        WeightsError: The file is damaged, or does not fit.
    """
    check_weights(backbone, path)
    try:
        with warnings.catch_warnings():
            # Keras only warns about layers that the file does not fill, and leaves them as they are.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(path)
    except (OSError, ValueError, KeyError, UserWarning) as error:
        raise WeightsError(
            f"{backbone.title} needs the weights of {backbone.weights_file}. {path} does not fit: {error} "
            "Replace it with the published file."
        ) from error


def name_by_position(model: keras.Model) -> None:
    """Number the layers that the factory did not name by their place in this model.

    Keras numbers them by how many were made in the process before, so that the name of a block's last layer would
    depend on what was built earlier.
    """
    seen: Counter[str] = Counter()
    for operation in model.operations:
        kind = re.sub(r"(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", "_", type(operation).__name__).lower()
        if re.fullmatch(rf"{kind}(_\d+)?", operation.name):
            operation.name = f"{kind}_{seen[kind]}" if seen[kind] else kind
            seen[kind] += 1
