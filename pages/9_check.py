"""Find what is wrong with the pictures and mend it on the spot."""

from __future__ import annotations

from pages.components import check_view, frame, history
from pages.components.pickers import pick_dataset
from tlcore.workspace import Workspace


def show(workspace: Workspace) -> None:
    dataset = pick_dataset(workspace)
    if dataset is None:
        frame.empty_state(
            ":material/photo_library:",
            "First, pictures",
            "The check finds near-copies, wrong labels and poor pictures, and lets you mend them on the spot.",
            action="Add pictures",
            target=frame.DATA,
        )
        return
    history.bar(dataset)
    check_view.show(workspace, dataset)


with frame.page(
    "Check", ":material/health_and_safety:", "Near-copies, wrong labels, poor pictures: find them and mend them here."
) as ws:
    show(ws)
