"""Opening one of the bot's own ports."""

from __future__ import annotations

import os

from aiohttp import web


class PortUnusableError(Exception):
    """A port cannot be listened on; the text is one sentence with the fix."""


async def open_port(runner: web.AppRunner, host: str, port: int, variable: str) -> None:
    """Listen on one address.

    Args:
        runner: what answers.
        host: the address, for example 127.0.0.1; 0.0.0.0 for every interface.
        port: the TCP port.
        variable: the setting that names the port; `_HOST` in place of `_PORT` names the address.

    Raises:
        PortUnusableError: somebody else listens there, or it may not be opened.
    """
    await runner.setup()
    try:
        await web.TCPSite(runner, host=host, port=port).start()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise PortUnusableError(
            f"{variable} {port} cannot be used on {host} ({reason}); choose a free port, for "
            f"example {variable}=18080, or another address in {variable.replace('PORT', 'HOST')}."
        ) from None
