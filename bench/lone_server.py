"""A backend in a process of its own, so that a bench measures the client alone.

Prints its port, ends when its input is closed.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from playground.lab import pki
from playground.lab.servers import TlsBackend

HOST = "backend.contoso.com"


async def main() -> None:
    """Present leaf and intermediate until nobody needs it any more."""
    now = datetime.now(tz=UTC)
    dates: dict[str, Any] = {
        "not_before": now - timedelta(days=1),
        "not_after": now + timedelta(days=300),
    }
    issuing = pki.intermediate(pki.root(**dates), **dates)
    leaf = pki.leaf(issuing, HOST, **dates)
    async with TlsBackend(chain=(leaf.certificate, issuing.certificate), key=leaf.key) as backend:
        print(backend.port, flush=True)  # noqa: T201 -- how the parent learns it
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
