"""A bounded memory of issuer downloads: by URL, failures included, and by key identifier."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from chainlib.certificate import Certificate
from chainlib.frozen import dataclass

DAY_S: Final = 24 * 3600.0
_PER_KEY = 4
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The result of downloading a URL.

    Attributes:
        certificates: the certificates in the file; empty for a failure.
        reason: why there are none; empty for a success.
    """

    certificates: tuple[Certificate, ...] = ()
    reason: str = ""


class IssuerCache:
    """Keeps successes for a day and failures for five minutes.

    The least recently used entries are dropped.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        size: int = 256,
        keep: float = DAY_S,
        keep_failure: float = 300.0,
    ) -> None:
        self._keep, self._keep_failure = keep, keep_failure
        self._urls: _Bounded[str, Answer] = _Bounded(clock, size)
        self._keys: _Bounded[bytes, tuple[Certificate, ...]] = _Bounded(clock, size)

    def answer(self, url: str) -> Answer | None:
        """The recent result for this URL; `None` if there is none."""
        return self._urls.get(url)

    def remember(self, url: str, answer: Answer) -> None:
        """Store the result for a URL."""
        self._urls.put(url, answer, self._keep_failure if answer.reason else self._keep)

    def by_key_id(self, key_id: bytes) -> tuple[Certificate, ...]:
        """CAs with this subject key identifier, which proves nothing: verify each."""
        return self._keys.get(key_id) or ()

    def learn(self, issuer: Certificate) -> None:
        """Store a CA whose key has verified a child's signature."""
        key_id = issuer.subject_key_id
        if key_id is not None:
            newest_first = dict.fromkeys((issuer, *self.by_key_id(key_id)))
            self._keys.put(key_id, tuple(newest_first)[:_PER_KEY], self._keep)


class _Bounded(Generic[_Key, _Value]):
    """A dict that drops old entries, and the least recently used one when it is full."""

    def __init__(self, clock: Callable[[], float], size: int) -> None:
        self._clock, self._size = clock, size
        self._items: OrderedDict[_Key, tuple[float, _Value]] = OrderedDict()

    def get(self, key: _Key) -> _Value | None:
        """The entry, which then counts as the one used last; `None` if it is absent or too old."""
        item = self._items.pop(key, None)
        if item is None or item[0] <= self._clock():
            return None
        self._items[key] = item
        return item[1]

    def put(self, key: _Key, value: _Value, keep: float) -> None:
        """Store an entry for `keep` seconds."""
        self._items.pop(key, None)
        self._items[key] = (self._clock() + keep, value)
        while len(self._items) > self._size:
            self._items.popitem(last=False)
