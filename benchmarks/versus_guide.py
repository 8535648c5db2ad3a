"""Graft's freeze mode against the pipeline of the Keras transfer-learning guide: whole processes, same pictures.

    python benchmarks/versus_guide.py [--epochs 10] [--repeats 1] [--json]

The guide's script (`guide_script.py`) reads with `tf.data`, in parallel and ahead of need, mirrors and turns in the
pipeline, and trains a head upon the frozen backbone. Graft's process does all that it does for a run, proofs included.
The last line is one JSON object; `value` is Graft's share of the script's wall time.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.contest import compete

BAR = 1.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--data", default="sample", help="a folder of pictures, or the sample of 2,000")
    parser.add_argument("--ours", default="", help="more options for Graft's train, with blanks between them")
    parser.add_argument("--json", action="store_true", help="the last line is always JSON")
    asked = parser.parse_args()
    ours = ["--patience", "0", *asked.ours.split()]
    more = {"epochs": asked.epochs, "repeats": asked.repeats, "data": asked.data}
    return compete("versus_guide", "guide_script", bar=BAR, ours=ours, theirs=[], **more)


if __name__ == "__main__":
    sys.exit(main())
