"""JSON logs: one object a line, with the run id that the card shows, and without secrets.

Tokens, response URLs, trigger ids, PEM bodies and subscription ids are removed from every record,
including those of libraries.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

from pythonjsonlogger.json import JsonFormatter

STRUCK = "[struck out]"
_RUN: ContextVar[str | None] = ContextVar("run", default=None)
_SECRETS = re.compile(
    r"\bx(?:ox[a-z]|app|oxe\.xox[a-z])-[\w.-]+"
    r"|https?://[^\s\"'<>]*(?:hooks\.slack\.com|/response/|/commands/|/actions/|/link/\?ticket=)[^\s\"'<>]*"
    r"|wss?://[^\s\"'<>]+"
    r"|-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)"
    r"|(?i:bearer)\s+[\w.~+/-]+=*"
    r"|\b\d{9,}\.\d{9,}\.[0-9a-f]{16,}\b"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    r"|(?i:(?<=/subscriptions/)[0-9a-f-]{36})",
    re.DOTALL,
)
_SECRET_KEYS = frozenset(
    {"response_url", "response_urls", "trigger_id", "token", "authorization", "signature"}
)


@contextmanager
def run_scope(run_id: str) -> Iterator[None]:
    """Every record within carries this run id."""
    token = _RUN.set(run_id)
    try:
        yield
    finally:
        _RUN.reset(token)


def struck(value: Any) -> Any:  # noqa: ANN401 -- whatever a record holds
    """The value without its secrets, however deep they lie."""
    if isinstance(value, str):
        return _SECRETS.sub(STRUCK, value)
    if isinstance(value, Mapping):
        return {
            key: STRUCK if str(key).lower() in _SECRET_KEYS else struck(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [struck(item) for item in value]
    return (
        value if isinstance(value, int | float | bool | None) else _SECRETS.sub(STRUCK, str(value))
    )


class RedactingFormatter(JsonFormatter):
    """Writes a record as JSON and removes secrets last, from all fields and the traceback."""

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Add the run id, then strike out."""
        super().add_fields(log_data, record, message_dict)
        if (run := _RUN.get()) and "run_id" not in log_data:
            log_data["run_id"] = run
        for key, value in list(log_data.items()):
            log_data[key] = STRUCK if key.lower() in _SECRET_KEYS else struck(value)


def set_up_logging(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send every record of the process to one stream as JSON.

    Chatty libraries speak up from warnings on.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        RedactingFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "asctime": "at"},
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("slack_sdk", "slack_bolt", "aiohttp.access", "azure", "asyncio", "dbos"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
