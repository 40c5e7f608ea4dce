"""Screen portraits and film those that pass, without paying twice; this core knows no Prefect.

`await greenlight.check("anna.png")` returns a `Verdict`, `await greenlight.film("anna.png",
sound="anna.mp3")` what became of the video, and `await greenlight.sweep("portraits")` does both for a folder.
`Brief`, `Family`, `Ledger` and `ModelStudio` are what they work with. Each name is loaded when it is first
used, so importing this package costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from greenlight.api import check, film, sweep
    from greenlight.briefs.brief import Brief
    from greenlight.ledger import Ledger
    from greenlight.modelstudio.client import ModelStudio
    from greenlight.modelstudio.family import Family, Verdict

__version__ = "0.1.0"
__all__ = ["Brief", "Family", "Ledger", "ModelStudio", "Verdict", "check", "film", "sweep"]

if not TYPE_CHECKING:  # or a type checker would believe in any name

    def __getattr__(name: str) -> Any:
        """Load a public name when it is first used (PEP 562)."""
        match name:
            case "check" | "film" | "sweep":
                import greenlight.api as home
            case "Brief":
                import greenlight.briefs.brief as home
            case "Ledger":
                import greenlight.ledger as home
            case "ModelStudio":
                import greenlight.modelstudio.client as home
            case "Family" | "Verdict":
                import greenlight.modelstudio.family as home
            case _:
                raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(home, name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
