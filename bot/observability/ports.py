"""Opening one of the bot's own ports."""

from __future__ import annotations

import os

from aiohttp import web


class PortUnusableError(Exception):
    """A port cannot be listened on; the text is one sentence with the fix."""


async def open_port(runner: web.AppRunner, port: int, variable: str) -> None:
    """Listen on every interface: what asks (Slack, a node's probes, a scraper) comes from outside.

    Raises:
        PortUnusableError: somebody else listens there, or it may not be opened.
    """
    await runner.setup()
    try:
        await web.TCPSite(runner, host="0.0.0.0", port=port).start()  # noqa: S104 -- see above
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise PortUnusableError(
            f"{variable} {port} cannot be used ({reason}); choose a free port, for example "
            f"{variable}=18080."
        ) from None
