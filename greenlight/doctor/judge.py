"""Say whether the local judge is installed and can look at a picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from greenlight.doctor.findings import Finding, broken, ok

SUBJECT: Final = "judge"
WITHOUT_IT: Final = (
    "the vendor's checks and videos work without it, but the local studio, the demo and the judge's opinions "
    "on refusals do not"
)


def examine_judge() -> Iterator[Finding]:
    """Yield what becomes of a look at an empty picture, for which the judge loads all its model files."""
    try:
        from PIL import Image

        from greenlight.judge import Judge

        Judge(at_once=1).look(Image.new("RGB", (64, 64)))
    except ImportError as error:
        missing = error.name or str(error)
        yield broken(
            SUBJECT,
            f"it is not installed: {missing} is missing; {WITHOUT_IT}",
            f"install it where there is one for this machine: pip install {_package(missing)}",
        )
        return
    except (ValueError, RuntimeError, OSError) as error:
        yield broken(
            SUBJECT,
            f"its model files cannot be read ({error}); {WITHOUT_IT}",
            "install Greenlight again",
        )
        return
    yield ok(SUBJECT, "it is installed, and its three model files load")


def _package(module: str) -> str:
    """Return the name of the package that a module comes with."""
    name = module.partition(".")[0]
    return {"PIL": "pillow"}.get(name, name.replace("_", "-"))
