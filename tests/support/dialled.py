"""Records every address that this process tries to connect to, before a packet is sent."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

Dialled = list[tuple[str, int]]


def record(monkeypatch: pytest.MonkeyPatch) -> Dialled:
    """The addresses and ports that are connected or sent to from now on, in order.

    Sockets of other families are left out.
    """
    dialled: Dialled = []
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, _noting(getattr(socket.socket, name), dialled))
    return dialled


def _noting(original: Callable[..., Any], dialled: Dialled) -> Callable[..., Any]:
    def note(self: socket.socket, *arguments: Any) -> Any:  # noqa: ANN401 -- three socket methods of different shapes
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            dialled.append(tuple(arguments[-1][:2]))
        return original(self, *arguments)

    return note
