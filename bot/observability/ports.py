"""The bot's own ports: one address each, idle and partial requests cut, one log line each."""

from __future__ import annotations

import logging
import os

from aiohttp import web

IDLE_S = 10.0
"""Seconds within which a request's head must be there; Slack and probes send theirs at once."""
BODY_S = 5.0
"""Seconds within which a request's body must be there."""
_LONGEST = 160


class PortUnusableError(Exception):
    """A port cannot be listened on; the text is one sentence with the fix."""


class _OneLine(logging.Filter):
    """Log one short line for an unreadable request: no traceback, nothing of its content."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        message = record.getMessage() if error is None else f"unreadable: {type(error).__name__}"
        record.msg, record.args = message.splitlines()[0][:_LONGEST] if message else "", ()
        record.exc_info = record.exc_text = None
        return True


def make_runner(application: web.Application, shutdown_s: float) -> web.AppRunner:
    """A server for foreign requests.

    `shutdown_s` is seconds that running requests get at shutdown.
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
        runner: what answers.
        host: the address, for example 127.0.0.1; 0.0.0.0 for every interface.
        port: the TCP port.
        variable: the setting that names the port; `_HOST` in place of `_PORT` names the address.

    Raises:
        PortUnusableError: the port is in use, or it may not be opened.
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
