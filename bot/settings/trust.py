"""The roots that the bot trusts when it speaks to Slack and to Azure."""

from __future__ import annotations

import ssl
from functools import cache
from os import PathLike


@cache
def outgoing_trust(ca_bundle: str | PathLike[str] | None) -> ssl.SSLContext:
    """The system's roots, and the extra ones that an operator named.

    One context per bundle and process, since reading the system's roots takes tens of
    milliseconds; a bundle that changes is read at the next start. Reads files.

    Raises:
        OSError: the bundle cannot be read or holds no certificate.
    """
    context = ssl.create_default_context()
    if ca_bundle:
        context.load_verify_locations(cafile=ca_bundle)
    return context
