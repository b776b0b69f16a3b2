"""The roots that the bot trusts for its own connections to Slack and Azure."""

from __future__ import annotations

import ssl
from functools import cache
from os import PathLike


@cache
def outgoing_trust(ca_bundle: str | PathLike[str] | None) -> ssl.SSLContext:
    """A TLS context with the system's roots and the operator's additional ones.

    There is one context per bundle and process, because reading the system's roots takes tens of
    milliseconds; a changed bundle is read at the next start. Reads files.

    Raises:
        OSError: the bundle cannot be read or contains no certificate.
    """
    context = ssl.create_default_context()
    if ca_bundle:
        context.load_verify_locations(cafile=ca_bundle)
    return context
