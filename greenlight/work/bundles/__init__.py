"""Find what belongs together: a portrait, its sound or motion, and the json of its brief."""

from greenlight.work.bundles.briefing import Briefing, Need, brief_of
from greenlight.work.bundles.bundle import Bundle, Listed
from greenlight.work.bundles.defaults import BriefDefaults, MalformedBrief
from greenlight.work.bundles.finding import bundle_of, bundles_in

__all__ = [
    "BriefDefaults",
    "Briefing",
    "Bundle",
    "Listed",
    "MalformedBrief",
    "Need",
    "brief_of",
    "bundle_of",
    "bundles_in",
]
