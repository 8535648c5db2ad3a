"""What a request may be, and how many may wait.

It knows numbers and their reasons. It does not know HTTP.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tlcore.modalities.image.pixels import MAX_PIXELS

MEGABYTE = 1_000_000


class Limits(BaseModel):
    """The limits of a server; `GET /model` tells them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    picture_bytes: int = Field(default=20 * MEGABYTE, ge=1, description="The largest picture file, bytes.")
    pictures: int = Field(default=32, ge=1, description="The most pictures of one request.")
    # Decoded, a picture takes up to four bytes a pixel, twice: a small file can hold very many.
    pixels: int = Field(
        default=50_000_000, ge=1, le=MAX_PIXELS, description="The most pixels of a picture, width × height."
    )
    waiting: int = Field(default=1024, ge=1, description="The most pictures that wait, of all requests together.")

    @property
    def request_bytes(self) -> int:
        """The largest body, with some room for what stands between its parts."""
        return self.picture_bytes * min(self.pictures, 8) + MEGABYTE

    @property
    def waiting_bytes(self) -> int:
        """What waiting pictures may take in memory: as much as two of the largest requests."""
        return 2 * self.request_bytes
