"""How much an issuer download may cost: whoever made the certificate chose its address.

Alone here, so that it is read cheaply.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """Bounds of one case.

    Attributes:
        max_bytes: of one answer.
        timeout: seconds for one URL, its redirect included.
        redirects: followed per URL, each checked again in full.
        levels: issuers above one another that are downloaded.
        fetches: URLs that are asked in one case; answers from the cache do not count.
    """

    max_bytes: int = 64 * 1024
    timeout: float = 3.0
    redirects: int = 1
    levels: int = 4
    fetches: int = 8
