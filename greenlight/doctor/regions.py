"""Tell the vendor's addresses from others, and its regions from each other.

A key is good in its own region only, and the portrait models stand in China (Beijing) only; another region
refuses the key with the words for a wrong one (Model Studio, "Base URL").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

VENDORS_DOMAIN: Final = ".aliyuncs.com"
BEIJING_HOST: Final = "dashscope.aliyuncs.com"
BEIJING: Final = "cn-beijing"
"""Stands in the names of the region's other hosts: those of workspaces, and that of private networks."""
OTHER_REGIONS: Final[Mapping[str, str]] = {
    "Singapore": "https://dashscope-intl.aliyuncs.com/api/v1",
    "US (Virginia)": "https://dashscope-us.aliyuncs.com/api/v1",
    "China (Hong Kong)": "https://cn-hongkong.dashscope.aliyuncs.com/api/v1",
}


def is_vendors(base_url: str) -> bool:
    """Whether an address is the vendor's, of whatever region; that of a local studio is not."""
    return _host(base_url).endswith(VENDORS_DOMAIN)


def is_in_beijing(base_url: str) -> bool:
    """Whether an address of the vendor's is one of the region where the models are."""
    host = _host(base_url)
    return host == BEIJING_HOST or BEIJING in host


def _host(base_url: str) -> str:
    return (urlsplit(base_url).hostname or "").lower()
