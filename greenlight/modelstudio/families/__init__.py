"""The families that the vendor offers, one value a file; those that stay come first."""

from greenlight.modelstudio.families.animate_anyone import ANIMATE_ANYONE
from greenlight.modelstudio.families.emo import EMO
from greenlight.modelstudio.families.liveportrait import LIVEPORTRAIT
from greenlight.modelstudio.families.wan_s2v import WAN_S2V

FAMILIES = (WAN_S2V, EMO, LIVEPORTRAIT, ANIMATE_ANYONE)
"""As lists, forms and documents show them."""
