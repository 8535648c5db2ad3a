"""Graft's freeze mode against scikit-learn on features from `model.predict`: whole processes, same pictures.

    python benchmarks/versus_sklearn.py [--repeats 1] [--json]

The script (`features_script.py`) loads the pictures, asks the backbone once for the features of each with
`model.predict`, and fits a logistic regression. Graft solves for the exact head on its own features and does all that
it does for a run: two models saved, judged and proven. The last line is one JSON object; `value` is Graft's share of
the script's wall time; `details` also has its share up to the judgement, which is where the script ends.
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
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--data", default="sample", help="a folder of pictures, or the sample of 2,000")
    parser.add_argument("--ours", default="--head logistic --views 1", help="more options for Graft's train")
    parser.add_argument("--json", action="store_true", help="the last line is always JSON")
    asked = parser.parse_args()
    more = {"repeats": asked.repeats, "data": asked.data, "ours": asked.ours.split(), "theirs": []}
    return compete("versus_sklearn", "features_script", bar=BAR, epochs=1, **more)


if __name__ == "__main__":
    sys.exit(main())
