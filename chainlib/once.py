"""A property that is computed once and then kept in the instance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

_Owner = TypeVar("_Owner")
_Fact = TypeVar("_Fact")


class once(Generic[_Owner, _Fact]):  # noqa: N801 -- read as a decorator, like `property`
    """Like `functools.cached_property` of Python 3.12: without its lock.

    Until Python 3.11 the lock costs more than computing most facts of a certificate. Two threads
    may compute a fact twice, so use it for pure functions only.
    """

    def __init__(self, compute: Callable[[_Owner], _Fact]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> once[_Owner, _Fact]: ...

    @overload
    def __get__(self, instance: _Owner, owner: type[Any]) -> _Fact: ...

    def __get__(self, instance: _Owner | None, owner: type[Any]) -> once[_Owner, _Fact] | _Fact:
        """The fact; the instance's own dictionary answers from then on."""
        if instance is None:
            return self
        fact = instance.__dict__[self._name] = self._compute(instance)
        return fact
