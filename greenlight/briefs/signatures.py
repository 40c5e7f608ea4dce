"""Tell addresses that are passwords, because they are signed or name one, from plain ones."""

from __future__ import annotations

import re
from typing import Any, Final

from greenlight.errors import InputError
from greenlight.modelstudio.redaction import without_secrets

_SIGNED: Final = (
    # Who asks may stand before the host; else a part of the query is named like a signature. Forms compare
    # with this too, and their regular expressions know no flag for letters of either case.
    r"(?:[A-Za-z]+\+)?[Hh][Tt][Tt][Pp][Ss]?://(?:[^/?#]*@|[^?#]*\?(?:.*[&;])?"
    r"(?:[^=&;]*(?:[Ss]ignature|[Tt]oken|[Aa]ccess[Kk]ey[Ii]d|[Ss]ecret|[Pp]assword)"
    r"|(?:[^=&;]*[-_.])?(?:[Ss]ign?|[Aa]uth[-_]?[Kk]ey|[Aa]pi[-_]?[Kk]ey))=)"
)
UNSIGNED: Final[dict[str, Any]] = {"pattern": f"^(?!{_SIGNED})"}
"""What a form's field says of itself to the server, which then keeps no run with such an address."""
_IS_SIGNED: Final = re.compile(_SIGNED)


def is_signed(place: str) -> bool:
    """Whether a place is a web address that gives its content to whoever has it, or names a user."""
    return _IS_SIGNED.match(place) is not None


def refuse_signed(place: Any, what: str) -> None:
    """Raise an `InputError` for a signed address; `what` says what it is given as.

    It is not a `ValueError` on purpose: pydantic would quote the address in an error of its own, and Prefect
    would keep that.
    """
    if isinstance(place, str) and is_signed(place):
        raise InputError(
            f"is given as {what} with a signature or password in it, which Prefect would keep and show to "
            "everybody",
            "give s3://bucket/key, a file, or an address that needs none",
            subject=without_secrets(place),
            could_cost=False,
        )
