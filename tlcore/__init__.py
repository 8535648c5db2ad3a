"""The library of Graft: it turns labelled items into a tested model, without a user interface.

It knows datasets, backbones, runs, evaluation and exports, and works alone, from Python and from the command
line. It does not know Streamlit. Its light half (everything but `training`, `export` and what computes gradients)
never imports Keras or a backend.
"""

from __future__ import annotations

__version__ = "0.1.0"
