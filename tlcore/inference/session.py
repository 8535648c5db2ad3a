"""Opens the graph of a model or a trunk: the only place that makes a session of ONNX Runtime.

It knows ONNX Runtime and its options. It does not know what a graph takes or gives.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tlcore.errors import RunError

OPENVINO = "OpenVINOExecutionProvider"


def open_session(graph: Path | bytes, *, fastest: bool = False) -> Any:
    """Open an `onnxruntime.InferenceSession` that answers on the calling thread: callers bring one for each core.

    Args:
        graph: A file, or the bytes of one.
        fastest: Takes OpenVINO's provider where there is one. A model that is judged or verified is opened without, so
            that its answers are the same on every machine.

    Raises:
        RunError: The file is missing, or cannot be loaded.
    """
    import onnxruntime  # not before somebody asks a model: the first page needs none

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    if isinstance(graph, Path) and not graph.is_file():
        raise RunError(f"A model is needed at {graph}, but it is not there. The run may not have come that far.")
    try:
        return onnxruntime.InferenceSession(
            graph, options, providers=[*(_openvino() if fastest else ()), "CPUExecutionProvider"]
        )
    except Exception as error:
        # ONNX Runtime's own exceptions have no common base that it makes public.
        named = f"The model {graph}" if isinstance(graph, Path) else "A model"
        raise RunError(f"{named} cannot be loaded: {error}. Train again, or restore it from a copy.") from error


def has_openvino() -> bool:
    """Say whether ONNX Runtime was installed with OpenVINO's provider (the package `onnxruntime-openvino`)."""
    import onnxruntime

    return OPENVINO in onnxruntime.get_available_providers()


def _openvino() -> list[Any]:
    # Left to itself it computes in bfloat16 where a processor can.
    options = {"device_type": "CPU", "precision": "FP32", "num_of_threads": "1", "num_streams": "1"}
    return [(OPENVINO, options)] if has_openvino() else []
