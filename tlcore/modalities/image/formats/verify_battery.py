"""Ask the Python code of an artefact what pixels it makes of item files: the program of a fresh process.

It imports nothing of Graft's but what was unpacked; `python -I` would not find it.

    python -I verify_battery.py < request

The request is one JSON object: `home` (a folder), `module` (in it, with `read_pixels`), `files`, `side`, `policy`,
`value_range` (of grey items of more than 8 bits, or null), and `seen`, where to write the pixels of all files (zeros
for one that is refused). The answer has `refused`: why, for each.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import numpy as np


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    sys.path.insert(0, asked["home"])
    read_pixels = importlib.import_module(asked["module"]).read_pixels
    side, refused = asked["side"], []
    with Path(asked["seen"]).open("wb") as seen:
        for file in asked["files"]:
            pixels, reason = np.zeros((side, side, 3), np.uint8), ""
            try:
                pixels = read_pixels(Path(file), side, asked["policy"], asked["value_range"])
            except ValueError as error:
                reason = str(error)
            seen.write(pixels.tobytes())
            refused.append(reason)
    sys.stdout.write(json.dumps({"refused": refused}))


if __name__ == "__main__":
    main()
