"""What a request may be, and how many items may wait.

It knows numbers and their reasons. It does not know HTTP.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

MEGABYTE = 1_000_000


class Limits(BaseModel):
    """The limits of a server; `GET /model` tells them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item_bytes: int = Field(default=20 * MEGABYTE, ge=1, description="The largest file, bytes.")
    items: int = Field(default=32, ge=1, description="The most items of one request.")
    # Decoded, an item takes much more memory than its file: a small file can hold very much.
    extent: int | None = Field(
        default=None, ge=1, description="The largest item once it is decoded, such as the pixels of a picture."
    )
    waiting: int = Field(default=1024, ge=1, description="The most items that wait, of all requests together.")

    @property
    def request_bytes(self) -> int:
        """The largest body, with some room for what stands between its parts."""
        return self.item_bytes * min(self.items, 8) + MEGABYTE

    @property
    def waiting_bytes(self) -> int:
        """What waiting items may take in memory: as much as two of the largest requests."""
        return 2 * self.request_bytes
