"""Find what is wrong with the pictures and mend it on the spot."""

from __future__ import annotations

from pages.components.check import check_view
from pages.components.history import history
from pages.components.shell import frame
from pages.components.shell.pickers import pick_dataset
from tlcore.workspace import Workspace


def show(workspace: Workspace) -> None:
    dataset = pick_dataset(workspace)
    if dataset is None:
        frame.empty_state(
            ":material/photo_library:",
            "No dataset yet",
            "The check finds near-duplicates, wrong labels and poor pictures, and lets you fix them right there.",
            action="Add pictures",
            target=frame.DATA,
        )
        return
    history.bar(dataset)
    check_view.show(workspace, dataset)


with frame.page(
    "Check", ":material/health_and_safety:", "Find near-duplicates, wrong labels and poor pictures, and fix them."
) as ws:
    show(ws)
