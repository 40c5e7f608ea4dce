"""Scale a picture's size to that of a video's frames."""

from __future__ import annotations


def scaled(size: tuple[int, int], factor: float) -> tuple[int, int]:
    """Return the size times the factor in even numbers, as video with halved colours needs them."""
    width, height = (max(2, 2 * round(side * factor / 2)) for side in size)
    return width, height
