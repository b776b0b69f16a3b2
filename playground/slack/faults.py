"""Faults of the simulated Slack, and its limit of one message per second.

It only decides; others wait.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        method: the Web API method, `*` for all; `upload` and `response_url` are the other two
            endpoints.
        channel: only for calls about this channel.
        error: answer `ok: false` with this error code and do nothing, for example `not_in_channel`
            or `invalid_blocks`.
        status: answer this HTTP status and do nothing, for example 500; 429 has `retry_after`.
        body: the body of that answer, called JSON; a line of plain text if there is none.
        retry_after: the `Retry-After` header of a 429, in seconds or as written.
        before: seconds to wait before the call is handled.
        after: seconds to wait between handling and answering.
        cut: handle it, then close the connection without an answer.
        times: how often; `None` for always.
        skip: how many such calls are answered normally first.
    """

    method: str
    channel: str | None = None
    error: str | None = None
    status: int | None = None
    body: bytes | None = None
    retry_after: int | str = 1
    before: float = 0.0
    after: float = 0.0
    cut: bool = False
    times: int | None = None
    skip: int = 0

    def covers(self, method: str, channel: str | None) -> bool:
        """Whether this fault is about that call."""
        return self.method in {"*", method} and self.channel in {None, channel}


@dataclass(slots=True)
class Faults:
    """The active faults, and the rate limit.

    Attributes:
        message_interval: seconds between two `chat.postMessage` calls to one channel; 0 disables
            the limit.
        limited: how many calls it refused with 429.
    """

    message_interval: float = 0.0
    limited: int = 0
    _active: list[Fault] = field(default_factory=list)
    _last: dict[str, float] = field(default_factory=dict)

    def add(self, fault: Fault) -> Fault:
        """Add a fault; the oldest that matches a call is used."""
        self._active.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults."""
        self._active.clear()

    def take(self, method: str, channel: str | None) -> Fault | None:
        """The fault for this call, counted down, or `None`."""
        for position, fault in enumerate(self._active):
            if not fault.covers(method, channel):
                continue
            if fault.skip:
                self._active[position] = replace(fault, skip=fault.skip - 1)
                continue
            self._count_down(position, fault)
            return fault
        return None

    def _count_down(self, position: int, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times <= 1:
            del self._active[position]
        else:
            self._active[position] = replace(fault, times=fault.times - 1)

    def too_soon(self, channel: str, now: float) -> bool:
        """Whether a message to `channel` at `now` breaks the rate limit.

        A refused one does not count.
        """
        if self.message_interval and now - self._last.get(channel, -1e9) < self.message_interval:
            self.limited += 1
            return True
        self._last[channel] = now
        return False
