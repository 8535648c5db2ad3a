"""Lists the export formats that only pictures have."""

from __future__ import annotations

from tlcore.file_format import Format

FORMATS = (
    Format(
        "onnx-fullsize",
        "ONNX, any size in",
        "For programs that have decoded the picture: RGB of any size in; the graph crops and resizes as the app does.",
        "model-fullsize.onnx",
        modality="image",
    ),
    Format(
        "web",
        "Web page",
        "For anybody with a browser, a phone too: pictures, camera, answers. Works offline; nothing is sent.",
        "web.zip",
        modality="image",
    ),
)
