"""Regular expressions of libraries that are compiled only when they are used."""

from __future__ import annotations

import re
import subprocess
import sys

from bot.terminal.late_patterns import patterns_compiled_late


def test_late_pattern_matches_like_any_other() -> None:
    with patterns_compiled_late():
        digits = re.compile(r"\d+")
        find = re.compile("B", re.IGNORECASE).search
        assert not isinstance(digits, re.Pattern)
    assert digits.sub("-", "a1b22") == "a-b-"
    assert find("abc")
    assert isinstance(re.compile(r"\d+"), re.Pattern)


def test_library_works_with_late_patterns() -> None:
    code = (
        "from bot.terminal.late_patterns import import_x509; import_x509(); import re; "
        "from cryptography import x509; names = x509.Name.from_rfc4514_string; "
        "print(names('CN=a\\\\, b,O=c').rfc4514_string(), "
        "isinstance(x509.name._RFC4514NameParser._STRING_RE, re.Pattern))"
    )
    done = subprocess.run(  # noqa: S603 -- our own interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[0] == "CN=a\\, b,O=c False"
