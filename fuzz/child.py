"""One target under the fuzzer: `python -m fuzz.child TARGET CORPUS [libFuzzer options]`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["bot", "chainlib"]):
    from fuzz.targets import TARGETS


def main() -> None:
    """Hand the rest of the command line to libFuzzer."""
    name, *rest = sys.argv[1:]
    atheris.Setup([sys.argv[0], *rest], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
