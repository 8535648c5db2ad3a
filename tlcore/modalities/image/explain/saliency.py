"""Attention: where in the picture the model looks for each class, and whether that is where it should.

It knows heat maps of test pictures and the files that hold them. It does not know how a map is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tlcore.evaluation.feature_map import OpenedModel, Seen
from tlcore.files import replacing, write_json
from tlcore.modalities.analysis import Attention, ClassAttention, Trust
from tlcore.modalities.image.explain.grad_cam import grad_cam, middle, shares, shuffled, trust
from tlcore.modalities.image.explain.heat_overlay import stretched

if TYPE_CHECKING:
    import pandas as pd

GALLERY = 40  # heat maps that are kept of each class
CHECKED = 8  # pictures whose maps are checked with shuffled weights
Floats = npt.NDArray[np.float32]
SIDE = 16  # maps are compared at this size
BORDER = 2  # cells on each side: an eighth of the side
RATE = 0.05
FEW = 5
MUCH = 1.15  # times what an even map would have
MORE = 0.1  # of all heat
LESS = 0.6  # times what the other classes have


class SaliencyMaps:
    """Heat maps of a classifier's answers about test pictures, collected while it looks at each.

    Args:
        model: The model, opened.
        test: The predictions, each picture once; maps are kept of at most 40 pictures of each class.
    """

    def __init__(self, model: OpenedModel, test: pd.DataFrame) -> None:
        self._model, self._classes = model, list(model.labels.labels)
        some = test.groupby("label", observed=True, sort=False).head(GALLERY)
        self._rows, self._maps = some, dict[str, Floats]()
        self._answers = dict(zip(some["sha256"], some["predicted"], strict=True))

    def see(self, sha: str, seen: Seen) -> None:
        """Keep the map of a picture's answer, where it is one of those."""
        if sha in self._answers:
            self._maps[sha] = grad_cam(seen, self._model.kernel, self._classes.index(self._answers[sha]))

    def write(self, folder: Path, items: Callable[[tuple[str, ...]], Iterable[npt.NDArray[Any]]]) -> None:
        """Write the maps, and what they say of each class; `items` gives pictures by their SHA-256."""
        rows = self._rows[self._rows["sha256"].isin(self._maps)].sort_index().reset_index(drop=True)
        maps = np.array([self._maps[sha] for sha in rows["sha256"]], np.float16)
        right, labels = rows["correct"].to_numpy(dtype=bool), rows["label"].to_numpy(dtype=object)
        with replacing(folder / "heats.parquet") as beside:
            rows[["sha256", "file", "label", "predicted", "confidence"]].to_parquet(beside, index=False)
        with replacing(folder / "heats.npy") as beside, beside.open("wb") as stream:
            np.save(stream, maps, allow_pickle=False)
        found = look_at_classes(maps[right].astype(np.float32), labels[right], self._classes) if right.any() else ()
        write_json(folder / "attention.json", Attention(classes=found, trust=self._trust(rows[right], items)))

    def _trust(
        self, rows: pd.DataFrame, items: Callable[[tuple[str, ...]], Iterable[npt.NDArray[Any]]]
    ) -> Trust | None:
        """Take the median over a few pictures that were answered right."""
        few = rows.sample(min(CHECKED, len(rows)), random_state=0)
        if few.empty:
            return None
        others, pixels = shuffled(self._model), items(tuple(few["sha256"]))
        places = [self._classes.index(label) for label in few["label"]]
        return middle([trust(self._model, others, item, at) for item, at in zip(pixels, places, strict=True)])


def look_at_classes(heats: Floats, labels: npt.NDArray[Any], classes: Sequence[str]) -> tuple[ClassAttention, ...]:
    """Compare each class's maps with those of the other classes.

    A class is warned of where its heat is at the border more than that of the others, and more than an even map's would
    be; or where much less of it than of theirs is in their usual place. Both by one-sided Mann-Whitney tests, with the
    false discovery rate held at 5 % over all classes.

    Args:
        heats: `(n, height, width)`, as `heat.grad_cam` gives them.
        labels: `(n,)`, the class that each map is of.
        classes: In the order of the run.
    """
    from scipy.stats import false_discovery_control

    maps = np.array([shares(stretched(heat, SIDE)) for heat in heats], np.float32).reshape(-1, SIDE, SIDE)
    counts = {label: int((labels == label).sum()) for label in classes}
    enough = [label for label in classes if counts[label] >= FEW]
    if len(enough) < 2:
        return ()
    kept = np.isin(labels, enough)
    maps, labels = maps[kept], labels[kept]
    scores = _at_border(maps), _in_place(maps, labels, enough)
    looked = [_look(*scores, labels == label, label) for label in enough]
    q = false_discovery_control([p for _, ps in looked for p in ps]).reshape(-1, 2)
    return tuple(
        one.model_copy(update={"warning": _warning(one, border=bool(of[0] <= RATE), place=bool(of[1] <= RATE))})
        for (one, _), of in zip(looked, q, strict=True)
    )


def even_border() -> float:
    """The share of the border in a map that is the same everywhere."""
    return 1 - ((SIDE - 2 * BORDER) / SIDE) ** 2


def _at_border(maps: Floats) -> Floats:
    inner = slice(BORDER, SIDE - BORDER)
    share: Floats = 1 - maps[:, inner, inner].sum(axis=(1, 2))
    return share


def _in_place(maps: Floats, labels: npt.NDArray[Any], classes: Sequence[str]) -> Floats:
    """Of each map the share in the place that is usual for the classes that are not its own.

    Nobody's own maps say what is usual for him: else each class would seem more usual than the one it is held against.
    """
    means = {label: maps[labels == label].mean(axis=0) for label in classes}
    share = np.empty(len(maps), np.float32)
    for label in classes:
        place = _usual_place(np.mean([mean for other, mean in means.items() if other != label], axis=0))
        share[labels == label] = maps[labels == label][:, place].sum(axis=1)
    return share


def _usual_place(mean: Floats) -> npt.NDArray[np.bool_]:
    """The warmest cells of a map, as few as hold half of its heat."""
    order = np.argsort(-mean, axis=None, kind="stable")
    place = np.zeros(mean.size, bool)
    place[order[: 1 + int(np.searchsorted(np.cumsum(mean.ravel()[order]), mean.sum() / 2))]] = True
    return place.reshape(mean.shape)


def _look(
    at_border: Floats, in_place: Floats, here: npt.NDArray[np.bool_], label: str
) -> tuple[ClassAttention, tuple[float, float]]:
    """One class, and how often chance makes its maps differ so much: at the border, and in their place."""
    from scipy.stats import mannwhitneyu

    one = ClassAttention(
        label=label,
        n=int(here.sum()),
        border=float(at_border[here].mean()),
        elsewhere_border=float(at_border[~here].mean()),
        usual=float(in_place[here].mean()),
        elsewhere_usual=float(in_place[~here].mean()),
    )
    more = mannwhitneyu(at_border[here], at_border[~here], alternative="greater").pvalue
    less = mannwhitneyu(in_place[here], in_place[~here], alternative="less").pvalue
    return one, (float(more), float(less))


def _warning(one: ClassAttention, *, border: bool, place: bool) -> str:
    if border and one.border > MUCH * even_border() and one.border > one.elsewhere_border + MORE:
        return (
            f"For '{one.label}' the model looks at the border: {one.border:.0%} of the heat lies there, against "
            f"{one.elsewhere_border:.0%} for the other classes. Look whether something there gives the class away: a "
            "frame, a stamp, the ground it lies on."
        )
    if place and one.usual < LESS * one.elsewhere_usual:
        return (
            f"For '{one.label}' the model looks elsewhere than for the others: {one.usual:.0%} of the heat lies "
            f"in the usual place, against {one.elsewhere_usual:.0%} for them. Look whether the object is there."
        )
    return ""
