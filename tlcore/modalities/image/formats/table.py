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
        use="""```python
import numpy as np, onnxruntime

model = onnxruntime.InferenceSession("{file}")
model.run(None, {{"picture": picture, "jpeg": np.array(True)}})  # (height, width, 3), uint8, RGB{gives}
```""",
    ),
    Format(
        "web",
        "Web page",
        "For anybody with a browser, a phone too: pictures, camera, answers. Works offline; nothing is sent.",
        "web.zip",
        modality="image",
        use="Unpack **{file}** and double-click `index.html`: pictures and the camera work without a network. For "
        "phones and for other people, put the folder on any web server; a phone's camera needs an address that "
        "starts with `https`.",
    ),
)
