"""Imports `cryptography.x509` without compiling the regular expressions that it never uses here."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_compile = re.compile


class _LatePattern:
    """A regular expression that is compiled when it is first used."""

    def __init__(self, pattern: str, flags: int | re.RegexFlag = 0) -> None:
        self._arguments = pattern, flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- any attribute of a `re.Pattern`
        """The attribute of the compiled expression, which `re` caches."""
        return getattr(_compile(*self._arguments), name)


@contextmanager
def patterns_compiled_late() -> Iterator[None]:
    """Within it, `re.compile` compiles nothing yet. Only for imports, while one thread runs."""
    re.compile = _LatePattern  # type: ignore[assignment]
    try:
        yield
    finally:
        re.compile = _compile


def import_x509() -> None:
    """Import `cryptography.x509`, for programs that must start fast.

    Its parser of RFC 4514 names, which is not used here, compiles an expression over all of
    Unicode: 94 of the 998 million instructions of a whole `appgw check`.
    """
    if "cryptography.x509" not in sys.modules:
        with patterns_compiled_late():
            import cryptography.x509  # noqa: F401, PLC0415 -- imported here for what it leaves out
