"""Pictures a second of an epoch above a cut, against a bare Keras loop over tensors in memory without a cache.

    python benchmarks/fine_tune.py [--backbone efficientnet_lite0] [--blocks 1,3,all] [--json]

The bare loop is `model.fit` on arrays: the same network, the same layers trained, the same optimizer and batch size, no
augmentation, no events. Graft's rate is that of its last epoch, as its events tell it. Both run in turn, on the
run's own training pictures. Where at least half of the multiplications lie below the cut the bar is 1.5 times the bare
loop, at the input 0.95 times. The last line is one JSON object; `value` is the smallest part of a bar that is reached.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.contest import finish, home_in, timed  # noqa: E402

CACHED, AT_INPUT, HALF = 1.5, 0.95, 0.5
EPOCHS = 3
BARE = """
import json, sys, time, keras, numpy as np
from tlcore.backbones.catalogue import find
from tlcore.runs.run import Run
from tlcore.tasks.classification import CLASSIFICATION
from tlcore.training.backbones import build_backbone
from tlcore.training.model import TransferModel
from tlcore.runs.items import read_items
from tlcore.progress import drain
from tlcore.workspace import Workspace
from pathlib import Path

run, blocks, epochs = Run(Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
config, backbone = run.config, find(run.config.backbone)
items = drain(read_items(run, Workspace.default()), lambda step: None)["train"]
pixels = np.asarray(items.inputs[:]["pixels"], np.float32)
labels = np.asarray(items.targets)
body = build_backbone(backbone, input=config.input)
head = CLASSIFICATION.build_head(int(labels.max()) + 1, labels)
model = TransferModel(backbone, body, head, dropout=config.dropout, seed=0)
cut = len(backbone.blocks) - blocks
trunk = model.trunk(cut)

def multiplications(graph):
    found = 0
    for layer in graph._flatten_layers(include_self=False):
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)):
            found += int(np.prod(layer.kernel.shape)) * int(np.prod(layer.output.shape[1:3]))
    return found

below = multiplications(trunk) / multiplications(model.whole) if trunk is not None else 0.0
inputs = {"pixels": keras.Input(pixels.shape[1:], name="pixels")}
if trunk is None:
    outputs = model.above(0)(inputs)
else:
    trunk.trainable = False
    outputs = model.above(cut)(trunk(inputs, training=False))
bare = keras.Model(inputs, outputs)
bare.compile(keras.optimizers.AdamW(1e-4, weight_decay=1e-4, global_clipnorm=1.0),
             keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
class Watch(keras.callbacks.Callback):
    seconds = []
    def on_epoch_begin(self, epoch, logs=None): self.began = time.monotonic()
    def on_epoch_end(self, epoch, logs=None): self.seconds.append(time.monotonic() - self.began)
bare.fit({"pixels": pixels}, labels, batch_size=config.batch_size, epochs=epochs, verbose=0, callbacks=[Watch()])
print(json.dumps({"rate": len(pixels) / min(Watch.seconds[1:]), "below": below}))
"""


def ours(data: str, blocks: int, *, backbone: str, environment: dict[str, str]) -> tuple[float, str]:
    command = [sys.executable, "-m", "tlcore", "train", data, "--mode", "fine-tune", "--blocks", str(blocks), "--json"]
    command += ["--backbone", backbone, "--epochs", str(EPOCHS), "--augment", "none", "--patience", "0"]
    path = timed([*command, "--fractions", "0.8,0.1,0.1"], environment).found["path"]
    events = map(json.loads, (Path(path) / "events.jsonl").read_text().splitlines())
    rates = [event["images_per_second"] for event in events if event["kind"] == "epoch_ended"]
    return max(rates[-EPOCHS + 1 :]), path


def bare(run: str, blocks: int, environment: dict[str, str]) -> dict[str, float]:
    return timed([sys.executable, "-c", BARE, run, str(blocks), str(EPOCHS)], environment).found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="efficientnet_lite0")
    parser.add_argument("--blocks", default="1,3,all", help="how many blocks are trained, for each comparison")
    parser.add_argument("--data", default="sample", help="a folder of pictures, or the sample")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="the last line is always JSON")
    asked = parser.parse_args()
    from tlcore.backbones.catalogue import find

    every = len(find(asked.backbone).blocks)
    found, reached = [], []
    with tempfile.TemporaryDirectory(prefix="graft-fine-tune-") as home:
        environment = home_in(Path(home))
        data = timed([sys.executable, "-m", "tlcore", "data", "add", asked.data, "--json"], environment).found[
            "dataset"
        ]
        for blocks in (every if each == "all" else int(each) for each in asked.blocks.split(",")):
            shares = []
            for _ in range(asked.repeats):
                rate, run = ours(data, blocks, backbone=asked.backbone, environment=environment)
                loop = bare(run, blocks, environment)
                shares.append(rate / loop["rate"])
                print(f"{blocks} blocks: {rate:.0f} pictures a second, bare {loop['rate']:.0f}", flush=True)
            share, below = statistics.median(shares), loop["below"]
            bar = AT_INPUT if blocks == every else CACHED if below >= HALF else 1.0
            found.append({"blocks": blocks, "multiplications_below": below, "by_bare_loop": share, "bar": bar})
            reached.append(share / bar)
    return finish("fine_tune", min(reached), 1.0, min(reached) >= 1, {"cuts": found, "settings": vars(asked)})


if __name__ == "__main__":
    sys.exit(main())
