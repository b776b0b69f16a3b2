"""Frozen dataclasses whose methods are compiled when they are first used.

`dataclasses.dataclass` writes the source of seven methods for each class and compiles it while the
module is imported. That was a fifth of the time of a whole `appgw check`, which has some sixty such
classes and uses half of them, mostly their `__init__` alone. Here a class begins with short
stand-ins; the first call compiles the one method that it needs and puts it in their place. Fields,
slots and everything else are those of the standard library; type checkers see its own decorator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses
    from collections.abc import Callable
    from copy import copy
    from typing import Any

    _ABSENT = object()

    def dataclass(
        *, frozen: bool, kw_only: bool, slots: bool = False, eq: bool = True
    ) -> Callable[[type], type]:
        """As `dataclasses.dataclass` for classes that are frozen and take keywords only."""
        assert frozen
        assert kw_only

        def made_of(given: type) -> type:
            # Without a text of its own the standard library would derive one from the signature.
            given.__doc__ = given.__doc__ or f"{given.__name__}(...)"
            own = vars(given)
            made = dataclasses.dataclass(
                given, init=False, repr=False, eq=False, slots=slots, kw_only=True
            )
            late = {"__init__": _init_of, "__repr__": _repr_of}
            if eq:
                late |= {"__eq__": _eq_of, "__hash__": _hash_of}
            for name, compiled in late.items():
                if own.get(name) is None:
                    setattr(made, name, _stand_in(made, name, compiled))
            made.__setattr__, made.__delattr__ = _refuse_set, _refuse_delete
            if slots and "__getstate__" not in own:
                made.__getstate__, made.__setstate__ = _state, _set_state
            return made

        return made_of

    def _stand_in(
        owner: type, name: str, compiled: Callable[[type], Callable[..., Any]]
    ) -> Callable[..., Any]:
        def first_call(self: object, *args: object, **named: object) -> object:
            method = compiled(owner)
            setattr(owner, name, method)
            return method(self, *args, **named)

        return first_call

    def _init_of(owner: type) -> Callable[..., Any]:
        """What the standard library compiles for frozen classes, without its types."""
        known: dict[str, Any] = {"_set": object.__setattr__, "_ABSENT": _ABSENT}
        parameters, body = ["self", "*"], []
        for one in dataclasses.fields(owner):
            parameter, value = one.name, one.name
            if one.default is not dataclasses.MISSING:
                known[f"_default_{one.name}"] = one.default
                parameter = f"{one.name}=_default_{one.name}"
            elif one.default_factory is not dataclasses.MISSING:
                known[f"_make_{one.name}"] = one.default_factory
                parameter = f"{one.name}=_ABSENT"
                value = f"_make_{one.name}() if {one.name} is _ABSENT else {one.name}"
            parameters.append(parameter)
            body.append(f"_set(self, {one.name!r}, {value})")
        if hasattr(owner, "__post_init__"):
            body.append("self.__post_init__()")
        lines = "\n ".join(body or ["pass"])
        source = f"def __init__({', '.join(parameters if body else ['self'])}):\n {lines}"
        exec(source, known)  # noqa: S102 -- field names are identifiers of our own classes
        method = known["__init__"]
        method.__qualname__ = f"{owner.__qualname__}.__init__"
        return method

    def _repr_of(owner: type) -> Callable[..., Any]:
        return _library_class(owner, repr=True, eq=False).__repr__

    def _eq_of(owner: type) -> Callable[..., Any]:
        return _library_class(owner, repr=False, eq=True).__eq__

    def _hash_of(owner: type) -> Callable[..., Any]:
        return _library_class(owner, repr=False, eq=True).__hash__

    def _library_class(owner: type, **wanted: bool) -> Any:  # noqa: ANN401 -- a class with the wanted method
        """A class with the same fields whose methods the standard library has compiled."""
        fields = dataclasses.fields(owner)
        body = {one.name: copy(one) for one in fields}
        body |= {
            "__annotations__": {one.name: one.type for one in fields},
            "__doc__": owner.__doc__,
        }
        copied = type(owner.__name__, (), body)
        return dataclasses.dataclass(copied, init=False, unsafe_hash=wanted["eq"], **wanted)

    def _refuse_set(_self: object, name: str, _value: object) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def _refuse_delete(_self: object, name: str) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def _state(self: object) -> list[object]:
        """For `pickle` and `copy`: the values of the slots, in the order of the fields."""
        return [getattr(self, one.name) for one in dataclasses.fields(self)]

    def _set_state(self: object, state: list[object]) -> None:
        for one, value in zip(dataclasses.fields(self), state, strict=True):
            object.__setattr__(self, one.name, value)


__all__ = ["dataclass"]
