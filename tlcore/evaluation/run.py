"""Judge a run on its test pictures, with its own `model.onnx`, and store what was found.

It knows the order of the steps and the files that it writes. It does not know metrics or how a model answers.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable

import numpy as np

from tlcore.data.dataset import open_dataset
from tlcore.data.looks import count_look
from tlcore.data.progress import Pace, Progress, drain
from tlcore.evaluation.metrics import Evaluation, evaluate, predictions_table
from tlcore.files import replacing, write_json
from tlcore.inference.predictor import Predictor
from tlcore.runs.pictures import read_test_pictures
from tlcore.runs.run import Run
from tlcore.workspace import Workspace


def evaluate_run(run: Run, report: Callable[[Progress], None], *, workspace: Workspace | None = None) -> Evaluation:
    """Write `predictions.parquet` and `evaluation.json` and give the latter; the look at the test part is counted.

    Raises:
        GraftError: The run has no model, or its pictures are gone.
    """
    # Importing it takes as long as some hundred answers; by then it is there.
    threading.Thread(target=importlib.import_module, args=("sklearn.metrics",), daemon=True).start()
    workspace = workspace or Workspace.default()
    predictor = Predictor.from_run(run.path)
    classes = predictor.labels.labels
    pictures = drain(read_test_pictures(run, workspace), report)
    pace = Pace(len(pictures.paths), "Asking the model about the test pictures")
    chances = np.empty((len(pictures.paths), len(classes)), np.float32)
    for index, answer in enumerate(predictor.each(pictures.pixels)):
        chances[index] = answer
        if pace.due():
            report(pace.at(index + 1))
    report(pace.at(len(chances)))
    predictions = predictions_table(pictures.rows, chances, classes)
    split = run.split()
    learnt = split.loc[split["split"] == "train", "label"].value_counts()
    found = evaluate(predictions, classes, {label: int(learnt.get(label, 0)) for label in classes})
    with replacing(run.predictions) as beside:
        predictions.to_parquet(beside, index=False)
    # Last: where it is, the predictions are too.
    write_json(run.evaluation_json, found)
    if pictures.paths:
        count_look(open_dataset(workspace, run.dataset.id), run.id, run.dataset.draw)
    return found
