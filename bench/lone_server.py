"""A backend in a separate process, so that a bench measures the client alone.

Prints its port and then its root in base64; ends when its input is closed.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chainlib import Certificate
from playground.lab import pki
from playground.lab.servers import TlsBackend

HOST, LOOPBACK = "backend.contoso.com", "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where the server listens, and the root that its chain leads to."""

    port: int
    root: Certificate


@contextmanager
def served(host: str = LOOPBACK) -> Iterator[Served]:
    """The server in its own process, listening at this address."""
    command = [sys.executable, "-m", "bench.lone_server", host]
    with subprocess.Popen(  # noqa: S603 -- our own interpreter
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            port = int(server.stdout.readline())
            yield Served(port=port, root=Certificate.from_der(b64decode(server.stdout.readline())))
        finally:
            server.stdin.close()


async def main(host: str) -> None:
    """Present leaf and intermediate until standard input is closed."""
    now = datetime.now(tz=UTC)
    dates: dict[str, Any] = {
        "not_before": now - timedelta(days=1),
        "not_after": now + timedelta(days=300),
    }
    root = pki.root(**dates)
    issuing = pki.intermediate(root, **dates)
    leaf = pki.leaf(issuing, HOST, **dates)
    async with TlsBackend(
        chain=(leaf.certificate, issuing.certificate), key=leaf.key, host=host
    ) as backend:
        print(backend.port, flush=True)  # noqa: T201 -- read by the parent
        print(b64encode(root.certificate.der).decode(), flush=True)  # noqa: T201 -- the same
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
