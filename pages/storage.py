"""See what is kept to make the next run faster, and clear it."""

from __future__ import annotations

from pages.components.shell import frame
from pages.components.storage import cache_list

with frame.page(
    "Storage",
    ":material/database:",
    "Results that are kept so that the next run starts at once. All of them are safe to delete.",
) as workspace:
    cache_list.show(workspace)
