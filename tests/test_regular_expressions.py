"""Every regular expression is quick on the worst text that it can be given.

All compiled patterns of `bot` and `chainlib` are collected; each meets long runs of the characters
that it is made of. What reads messages or files is given 40,000 characters, the rest 2,000.
An eighth and a quarter of them show first whether the whole could take long: most patterns are done
then.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from functools import cache
from time import process_time
from types import ModuleType

import pytest

import bot
import chainlib
from bot.commands.alerts import read_alert

GENEROUS_S = 2.0
# Four times the text takes at most 256 times as long unless the time grows with more than the
# fourth power, which 500 characters show as well.
_SURE_S = GENEROUS_S / 4**4
ALERT, COMMAND = 40_000, 2_000
_LONG_TEXT = (
    "bot.azure.messages",
    "bot.domain.secrets",
    "chainlib.pem.base64text",
    "chainlib.pem.blocks",
    "chainlib.pem.text_encodings",
    "chainlib.pem.loose",
    "chainlib.pem.nested",
    "chainlib.pem.ordinary",
    "chainlib.pem.private_keys",
    "chainlib.pem.text",
    "chainlib.pem.unusual",
)
_UNITS = (*"aA0.- <@\n", "a.", "a-", "<a", "1.")


def _modules() -> Iterator[ModuleType]:
    for package in (bot, chainlib):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in found.name:
                yield importlib.import_module(found.name)


def _patterns_in(value: object, depth: int = 3) -> Iterator[re.Pattern[str] | re.Pattern[bytes]]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, Mapping):
        for item in (*value.keys(), *value.values()):
            yield from _patterns_in(item, depth - 1)
    elif depth and isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _patterns_in(item, depth - 1)
    elif depth and type(value).__module__.startswith(("bot.", "chainlib.")):
        names = getattr(type(value), "__slots__", None) or vars(value)
        for name in names:
            yield from _patterns_in(getattr(value, name, None), depth - 1)


def _made(value: object) -> object:
    """The patterns of a function that compiles them when they are first needed."""
    returned = str(getattr(value, "__annotations__", {}).get("return"))
    code = getattr(getattr(value, "__wrapped__", None), "__code__", None)
    late = callable(value) and code is not None and code.co_argcount == 0
    return value() if late and "re.Pattern" in returned else value


@cache
def _collected() -> dict[str, tuple[re.Pattern[str] | re.Pattern[bytes], int]]:
    found: dict[tuple[str | bytes, int], tuple[str, re.Pattern[str] | re.Pattern[bytes], int]] = {}
    for module in _modules():
        size = ALERT if module.__name__.startswith(_LONG_TEXT) else COMMAND
        for name, value in vars(module).items():
            for pattern in _patterns_in(_made(value)):
                key = (pattern.pattern, pattern.flags)
                known = found.get(key)
                largest = max(size, known[2]) if known else size
                found[key] = (known[0] if known else f"{module.__name__}.{name}", pattern, largest)
    return {f"{label}-{i}": (p, s) for i, (label, p, s) in enumerate(found.values())}


SHARES = 8
# In one worker, because finding the patterns takes two seconds.


def _attacks(pattern: re.Pattern[str] | re.Pattern[bytes], size: int) -> Iterator[str]:
    """Long runs, each between two characters that belong to nothing."""
    written = pattern.pattern
    source = written if isinstance(written, str) else written.decode("latin-1")
    words = re.findall(r"[A-Za-z]{2,}", source)[:3]
    literals = sorted(set(re.sub(r"[\w\s\\^$*+?(){}\[\]|]", "", source)))[:8]
    for unit in dict.fromkeys((*_UNITS, *literals, *words)):
        yield "a" + (unit * (size // len(unit) + 1))[: size - 2] + "\x00"


def test_patterns_are_collected() -> None:
    assert len(_collected()) > 40
    assert {size for _, size in _collected().values()} == {ALERT, COMMAND}


def _seconds(pattern: re.Pattern[str] | re.Pattern[bytes], text: str) -> float:
    given = text if isinstance(pattern.pattern, str) else text.encode()
    began = process_time()
    pattern.search(given)  # type: ignore[arg-type]  # text or bytes, as the pattern
    pattern.fullmatch(given)  # type: ignore[arg-type]  # text or bytes, as the pattern
    return process_time() - began


def _could_be_slow(pattern: re.Pattern[str] | re.Pattern[bytes], eighth: str, quarter: str) -> bool:
    """Whether the whole text may take too long, if time grows by one power more than it shows."""
    taken = _seconds(pattern, quarter)
    if taken <= _SURE_S:
        return False
    growth = 2 * taken / max(_seconds(pattern, eighth), 1e-6)
    return taken * growth**2 >= GENEROUS_S


@pytest.mark.parametrize("share", range(SHARES))
def test_patterns_are_quick_on_hostile_text(share: int) -> None:
    for label, (pattern, size) in list(_collected().items())[share::SHARES]:
        sizes = (_attacks(pattern, part) for part in (size // 8, size // 4, size))
        for eighth, quarter, text in zip(*sizes, strict=True):
            if _could_be_slow(pattern, eighth, quarter):
                assert _seconds(pattern, text) < GENEROUS_S, (label, text[:40])


@pytest.mark.parametrize(
    "unit", [*"_ -a.=/:*|~", "_a", "a\u00a0", "pool_", "gateway ", "gw:", "1."]
)
def test_alert_of_forty_thousand_characters_is_read_soon(unit: str) -> None:
    text = f"a {unit * ALERT}"[:ALERT]
    began = process_time()
    read_alert({"text": text})
    assert process_time() - began < GENEROUS_S
