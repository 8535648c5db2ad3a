"""Graft's freeze mode against the usual Keras script: same pictures, same machine.

    python benchmarks/versus_script.py [--epochs 10] [--repeats 1] [--flips-only] [--backbone …] [--json]

Each is timed from its start to its end, and Graft also until its result stands: pictures taken in and decoded, head
trained, both models saved, test pictures evaluated. After that it makes its downloads and checks each in a fresh
process. The usual script gets Graft's own split. The last line is one JSON object; `value` is the time to Graft's
result as a share of the script's wall time.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.contest import compete

BAR = 1 / 12
WHOLE_BAR = 1 / 8


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--data", default="sample", help="a folder of pictures, or the sample of 2,000")
    parser.add_argument("--backbone", default="efficientnet_lite0", choices=["efficientnet_lite0", "mobilenet_v2"])
    parser.add_argument("--flips-only", action="store_true", help="the script mirrors the pictures and does no more")
    parser.add_argument("--ours", default="", help="more options for Graft's train, with blanks between them")
    parser.add_argument("--json", action="store_true", help="the last line is always JSON")
    asked = parser.parse_args()
    return compete(
        "versus_script",
        "usual_script",
        bar=BAR,
        whole_bar=WHOLE_BAR,
        epochs=asked.epochs,
        repeats=asked.repeats,
        ours=["--patience", "0", *asked.ours.split()],
        theirs=["--backbone", asked.backbone, *(["--flips-only"] if asked.flips_only else [])],
        data=asked.data,
    )


if __name__ == "__main__":
    sys.exit(main())
