"""How the stand-in can be made to misbehave, and the ordinary one-message-a-second limit.

Decides only; sleeps nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to misbehave.

    Attributes:
        method: the Web API method, `*` for each of them; `upload` and `response_url` name the other
            two endpoints.
        channel: only for calls about this channel.
        error: answer `ok: false` with this word and do nothing, for example `not_in_channel` or
            `invalid_blocks`.
        status: answer this HTTP status and do nothing, for example 500; 429 carries `retry_after`.
        retry_after: seconds in the `Retry-After` header of a 429.
        before: seconds to wait before the call is looked at.
        after: seconds to wait between doing it and answering.
        cut: do it, then drop the connection without an answer.
        times: how often; `None` for always.
        skip: how many such calls are answered as usual first.
    """

    method: str
    channel: str | None = None
    error: str | None = None
    status: int | None = None
    retry_after: int = 1
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
    """The switches: faults that are on, and the rate limit.

    Attributes:
        message_interval: seconds that must lie between two `chat.postMessage` calls to one channel;
            0 switches the limit off.
        limited: how many calls were answered 429 by it.
    """

    message_interval: float = 0.0
    limited: int = 0
    _active: list[Fault] = field(default_factory=list)
    _last: dict[str, float] = field(default_factory=dict)

    def add(self, fault: Fault) -> Fault:
        """Switch a fault on; the oldest that covers a call wins."""
        self._active.append(fault)
        return fault

    def clear(self) -> None:
        """Switch every fault off."""
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
