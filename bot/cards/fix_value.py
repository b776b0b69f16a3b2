"""The value of the `Fix steps` button: findings, real names, and the guessed kind of server.

It must fit into 2,000 characters and be readable after a restart and by later versions, so every
key may be absent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import TypeAdapter, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from bot.cards.button_values import readable
from bot.cards.escaping import clean
from bot.cards.fix_names import fix_context
from bot.cards.parts import BUTTON_VALUE_LIMIT
from bot.domain.report import CheckReport, GatewayReport
from bot.fixsteps import (
    FixContext,
    ServerKind,
    Tool,
    guess_server_kind,
    has_gateway_guide,
    has_server_guide,
)
from chainlib import CATALOGUE, Code, Finding, Fix, HttpResponse, Severity, Where
from chainlib.frozen import dataclass

_STEPS_BUDGET = 1500
_NAME_LIMIT = 80
_MAX_PORT = 65535
_KINDS, _TOOLS = tuple(ServerKind), tuple(Tool)
_SHORT = {
    name.name: key for name, key in zip(fields(FixContext), "hpngasbirktcfylwvmo41e", strict=True)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OneFix:
    """The fix for one finding.

    `steps` are those of the findings catalogue, for a code without a guide.
    """

    code: Code
    where: Where
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixValue:
    """The content of the button.

    Attributes:
        command: the command that repeats the check.
        fixes: the important findings, in headline order.
        left_out: how many findings were omitted.
        context: the real names; `None` on a card of an older version.
        kind, tool: kind of server, and tool that changes the gateway.
        accepted: nothing is critical; an older card does not say so and counts as refused.
    """

    command: str = ""
    fixes: tuple[OneFix, ...] = ()
    left_out: int = 0
    context: FixContext | None = None
    kind: ServerKind = ServerKind.OTHER
    tool: Tool = Tool.AZ
    accepted: bool = False


def _else(default: object) -> WrapValidator:
    """A validator that replaces a field which another version wrote differently by its default."""

    def read(value: object, handler: ValidatorFunctionWrapHandler) -> object:
        try:
            return handler(value)
        except ValidationError:
            return default

    return WrapValidator(read)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fix:
    """One fix: its code, where it is made, and the steps if no guide has them."""

    c: Code
    w: Where
    s: Annotated[tuple[str, ...], _else(())] = ()


_Word = Annotated[str, _else("")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """The JSON of the button and of the modal.

    Attributes:
        v: version of the format.
        n: name of the type.
        q: the command of the card.
        x: the names for the commands.
        k: the kind of server.
        t: the tool for the gateway.
        f: the fixes.
        m: how many fixes were omitted.
        c: the headline alone, if nothing else fits.
        a: whether nothing is critical; written only where it is so.
    """

    v: Literal[2]
    n: Literal["fix-steps"]
    q: _Word = ""
    x: Annotated[dict[str, Any] | None, _else(None)] = None
    k: _Word = ""
    t: _Word = ""
    f: Annotated[tuple[Annotated[_Fix | None, _else(None)], ...], _else(())] = ()
    m: Annotated[int, _else(0)] = 0
    c: Annotated[Code | None, _else(None)] = None
    a: Annotated[bool, _else(default=False)] = False


_STEPS = TypeAdapter(_Steps)
_NO_STEPS = _Steps(v=2, n="fix-steps")
_FORM = {"v": 2, "n": "fix-steps"}


def steps_value(report: CheckReport, command: str, gateway: GatewayReport | None = None) -> str:
    """The button's value; the last findings are omitted until it fits."""
    context = fix_context(report, gateway)
    fixes = [_written(finding, fix) for finding, fix in _that_matter(report)]
    value = {
        **_FORM,
        "q": command,
        "x": _names(context),
        "k": guessed(report).name,
    } | ({"a": True} if report.verdict.accepted else {})
    for count in range(len(fixes), -1, -1):
        text = json.dumps(
            value | {"f": fixes[:count], "m": len(fixes) - count},
            ensure_ascii=False,
            separators=(",", ":"),
        )
        if len(text) <= _STEPS_BUDGET or count == 0:
            return (
                text
                if len(text) <= BUTTON_VALUE_LIMIT
                else json.dumps({**_FORM, "c": report.verdict.headline.value})
            )
    raise AssertionError


def guessed(report: CheckReport) -> ServerKind:
    """The likeliest kind of server, from its response and its name."""
    http = report.chain.http if report.chain else None
    return guess_server_kind(
        http.server if isinstance(http, HttpResponse) else "", report.request.target.host
    )


def _that_matter(report: CheckReport) -> Iterator[tuple[Finding, Fix]]:
    pairs = zip(report.verdict.findings, report.explanation.fixes, strict=False)
    return ((finding, fix) for finding, fix in pairs if finding.severity is not Severity.INFO)


def _written(finding: Finding, fix: Fix) -> dict[str, Any]:
    guided = has_guide(finding.code, fix.where)
    steps = {} if guided else {"s": [clean(step, 300) for step in fix.steps]}
    return {"c": finding.code.value, "w": fix.where.value, **steps}


def has_guide(code: Code, where: Where) -> bool:
    """Whether there is a guide for this code, on the server or on the gateway."""
    return (where is Where.SERVER and has_server_guide(code)) or (
        where is Where.GATEWAY and has_gateway_guide(code)
    )


def _names(context: FixContext) -> dict[str, Any]:
    given = {
        key: getattr(context, name)
        for name, key in _SHORT.items()
        if getattr(context, name) != getattr(_DEFAULT, name)
    }
    return {
        key: value if isinstance(value, bool | int) else _cleaned(value)
        for key, value in given.items()
    }


def _cleaned(value: str | tuple[str, ...] | None) -> Any:  # noqa: ANN401 -- JSON
    return (
        [clean(one, _NAME_LIMIT) for one in value]
        if isinstance(value, tuple)
        else clean(value, 253)
        if value is not None
        else None
    )


_DEFAULT = FixContext(host="")


def read_value(text: str) -> FixValue:
    """Read the value of a button or the metadata of a modal; unreadable parts are omitted."""
    try:
        given = _STEPS.validate_json(text) if readable(text) else _NO_STEPS
    except ValidationError:
        given = _NO_STEPS
    fixes = tuple(one for one in given.f if one is not None) or tuple(_general(given.c))
    return FixValue(
        command=given.q,
        fixes=tuple(OneFix(code=one.c, where=one.w, steps=one.s) for one in fixes),
        left_out=given.m,
        context=_context(given.x),
        kind=next((kind for kind in _KINDS if kind.name == given.k), ServerKind.OTHER),
        tool=next((tool for tool in _TOOLS if tool.name == given.t), Tool.AZ),
        accepted=given.a,
    )


def switched(
    text: str, *, kind: str | None = None, tool: str | None = None, channel: str | None = None
) -> str:
    """The value for another kind of server or another tool.

    `channel` is stored because a modal does not say where it was opened.
    """
    noted = {key: value for key, value in (("k", kind), ("t", tool), ("channel", channel)) if value}
    return json.dumps(_object(text) | noted, ensure_ascii=False, separators=(",", ":"))


def _object(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text) if readable(text) else None
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}


def _general(code: Code | None) -> Iterator[_Fix]:
    if code is not None and code is not Code.OK:
        entry = CATALOGUE[code]
        yield _Fix(c=entry.code, w=entry.where, s=entry.steps)


def _context(given: object) -> FixContext | None:
    if not isinstance(given, Mapping) or not isinstance(given.get("h"), str):
        return None
    known = {
        name: given[key] for name, key in _SHORT.items() if key in given and _fits(name, given[key])
    }
    if isinstance(known.get("kept_roots"), list):
        known["kept_roots"] = tuple(known["kept_roots"])
    return FixContext(**known)


def _fits(name: str, value: object) -> bool:
    """Whether a name in a button is valid for its field.

    A port is not quoted in commands, so it must be a number.
    """
    if name == "port":
        return type(value) is int and 1 <= value <= _MAX_PORT
    if name == "kept_roots":
        return value is None or (
            isinstance(value, list) and all(isinstance(one, str) for one in value)
        )
    if isinstance(getattr(_DEFAULT, name), bool):
        return isinstance(value, bool)
    return isinstance(value, str) or (value is None and getattr(_DEFAULT, name) is None)
