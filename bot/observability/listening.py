"""Opens the bot's own ports; idle and incomplete requests are cut, with one log line each."""

from __future__ import annotations

import logging
import os

from aiohttp import web

IDLE_S = 10.0
"""Seconds until a request's headers must have arrived; Slack and health checks send them at once.
"""
BODY_S = 5.0
"""Seconds until a request's body must have arrived."""
_LONGEST = 160


class PortUnusableError(Exception):
    """A port cannot be opened; the text is one sentence with the fix."""


class _OneLine(logging.Filter):
    """Logs one short line for an invalid request: no traceback, nothing of its content."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        message = record.getMessage() if error is None else f"unreadable: {type(error).__name__}"
        record.msg, record.args = message.splitlines()[0][:_LONGEST] if message else "", ()
        record.exc_info = record.exc_text = None
        return True


def make_runner(application: web.Application, shutdown_s: float) -> web.AppRunner:
    """A server for requests from outside.

    `shutdown_s` is how many seconds running requests get at shutdown.
    """
    logger = logging.getLogger("bot.http")
    if not logger.filters:
        logger.addFilter(_OneLine())
    return web.AppRunner(
        application,
        access_log=None,
        auto_decompress=False,  # Slack never compresses, and a little can unfold to a lot
        keepalive_timeout=IDLE_S,
        logger=logger,
        shutdown_timeout=shutdown_s,
    )


async def open_port(runner: web.AppRunner, host: str, port: int, variable: str) -> None:
    """Listen on one address.

    Args:
        runner: the server.
        host: the address, for example 127.0.0.1; 0.0.0.0 for every interface.
        port: the TCP port.
        variable: the setting of the port; with `_HOST` in place of `_PORT`, the setting of the
            address.

    Raises:
        PortUnusableError: the port is in use, or the process may not open it.
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
