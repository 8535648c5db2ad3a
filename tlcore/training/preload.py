"""Imports the trainer and its backend in advance, because that takes seconds.

It knows a module by its name, and Python's search for garbage. It imports nothing by itself.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import sys

TRAINER = "tlcore.training.trainer"


def import_trainer() -> None:
    """Import the trainer, and with it Keras and its backend, without a search for garbage meanwhile.

    What thousands of modules leave lives until the process ends; to look through it again and again takes a third of
    the import, and to look through it once more at the end as long as to build the model.
    """
    if TRAINER in sys.modules:
        return
    gc.disable()
    try:
        importlib.import_module(TRAINER)
    finally:
        gc.freeze()
        gc.enable()
    atexit.register(gc.freeze)
