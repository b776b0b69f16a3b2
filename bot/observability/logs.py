"""JSON logs: one object per line, with the run ID that the card shows, and without secrets.

Secrets by the patterns of `bot.domain.secrets` are removed from every record, including those of
libraries, and so are this process's own secrets.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, TextIO
from urllib.parse import quote, quote_plus

from pythonjsonlogger.json import JsonFormatter

from bot.domain.secrets import REDACTED, is_secret_key, without_secrets

_SHORTEST_SECRET = 8
_DEEPEST = 20
_RUN: ContextVar[str | None] = ContextVar("run", default=None)


@contextmanager
def run_scope(run_id: str) -> Iterator[None]:
    """Add this run ID to the records that are logged in this context."""
    token = _RUN.set(run_id)
    try:
        yield
    finally:
        _RUN.reset(token)


def redacted(value: Any, depth: int = _DEEPEST) -> Any:  # noqa: ANN401 -- whatever a record holds
    """The value without its secrets; deeply nested values are left out."""
    if depth < 0:
        return REDACTED
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, Mapping):
        return {
            redacted(key): REDACTED if is_secret_key(str(key)) else redacted(item, depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(item, depth - 1) for item in value]
    return value if isinstance(value, int | float | bool | None) else without_secrets(str(value))


class RedactingFormatter(JsonFormatter):
    """Formats a record as JSON and removes secrets from all fields and the traceback.

    `own` are secrets of this process, which are removed whatever they look like.
    """

    own: tuple[str, ...] = ()

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line = super().format(record)
        for secret in self.own:
            line = line.replace(secret, REDACTED)
        return line

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Add the run ID, then remove secrets."""
        super().add_fields(log_data, record, message_dict)
        if (run := _RUN.get()) and "run_id" not in log_data:
            log_data["run_id"] = run
        for key, value in list(log_data.items()):
            if value is record.name:
                log_data[key] = _redacted_name(value)
            elif value is not getattr(record, "asctime", None):  # the formatter's own time
                log_data[key] = REDACTED if is_secret_key(key) else redacted(value)


@lru_cache(maxsize=256)
def _redacted_name(name: str) -> str:
    """The name of a logger; the same few names are in every record, and a long one takes 70 us."""
    return without_secrets(name)


def json_formatter() -> RedactingFormatter:
    """A formatter for one record per line."""
    return RedactingFormatter(
        "%(asctime)s %(levelname)s %(name)s %(message)s",
        rename_fields={"levelname": "level", "asctime": "at"},
    )


def set_up_logging(
    stream: TextIO | None = None, level: int = logging.INFO, own: Iterable[str] = ()
) -> None:
    """Write every record of the process as JSON to one stream.

    Verbose libraries are logged from warnings on. `own` are the process's own secrets; those
    shorter than eight characters are ignored, because they could be ordinary words.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    formatter = json_formatter()
    # As they appear in JSON, and as they appear in a URL.
    spelt = (form for one in own for form in (json.dumps(one)[1:-1], quote_plus(one), quote(one)))
    formatter.own = tuple(dict.fromkeys(one for one in spelt if len(one) >= _SHORTEST_SECRET))
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("slack_sdk", "slack_bolt", "aiohttp.access", "azure", "asyncio", "dbos"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
