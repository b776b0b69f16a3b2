"""How the program says that it cannot be used so: one line on standard error, exit status 2."""

from __future__ import annotations

import sys

UNUSABLE = 2


def usage_error(sentence: str) -> int:
    """Say the sentence and return the exit status.

    Words of the command line in it neither break the line nor move the cursor.
    """
    shown = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(sentence.split()))
    sys.stderr.write(f"appgw: {shown}\n")
    return UNUSABLE
