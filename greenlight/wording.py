"""Word what people read, and make texts from outside safe to show."""

from __future__ import annotations

import re
from decimal import Decimal
from unicodedata import category

JOINERS = "\u200c\u200d"
"""Letters and emoji are joined with these, and they steer nothing."""
STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's categories of what has no shape: controls, directions of writing, half characters, new lines."""
UNSHOWN_IN_JSON = re.compile(r"[^\x00-\x7e]|\x7f")


def visible(text: str) -> str:
    r"""Return a text on one line, with what steers a terminal written like `\x1b`, `\n` or `\u202e`."""
    return text if text.isprintable() else "".join(map(_shown, text))


def yuan(amount: Decimal) -> str:
    """Return an amount of money as a bare number without needless zeros: `0.004`."""
    return f"{amount.normalize():f}"


def cny(amount: Decimal) -> str:
    """Return an amount of money as people read it: `0.004 CNY`."""
    return f"{yuan(amount)} CNY"


def visible_json(text: str, *, ascii_only: bool = False) -> str:
    r"""Return a JSON text of the same meaning, with what steers a terminal written like `\u202e`.

    `ascii_only` writes all that is not ASCII so, for those who read another encoding.
    """
    if text.isprintable() and not (ascii_only and not text.isascii()):
        return text

    def escaped(found: re.Match[str]) -> str:
        char = found[0]
        if not ascii_only and _shown(char) == char:
            return char
        units = char.encode("utf-16-be", "surrogatepass").hex()
        return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))

    return UNSHOWN_IN_JSON.sub(escaped, text)


def _shown(char: str) -> str:
    if category(char) in STEERING and char not in JOINERS:
        return char.encode("unicode_escape").decode("ascii")
    return char
