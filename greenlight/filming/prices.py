"""Work out what a video costs, and the most that it can come to."""

from __future__ import annotations

import math
from decimal import Decimal

SECONDS_OF_A_TEMPLATE = 60.0
"""The longest motion that a template can hold; how long a given template plays is not known here."""


def cost_cny(seconds: float, per_second_cny: Decimal) -> Decimal:
    """Return the price of so many billed seconds, which the vendor reports with two decimals."""
    return Decimal(str(round(seconds, 3))) * per_second_cny


def longest_cost_cny(seconds: float, per_second_cny: Decimal) -> Decimal:
    """Return the most that a video driven by so many seconds can cost.

    How the vendor rounds is not documented, so every begun second counts; and one more, as coding a sound
    anew or filling the last picture adds a frame or two.
    """
    return (math.ceil(round(seconds, 3)) + 1) * per_second_cny
