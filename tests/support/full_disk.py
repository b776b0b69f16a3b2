"""`appgw serve` whose files cannot grow, as on a full disk.

Each function is the entry point of a process of its own.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

from bot.main import main

FIRST_PAGE = 4096


def serve_with_pid() -> int:
    """Write the process's id to the file in the first argument, then run the bot."""
    Path(sys.argv[1]).write_text(str(os.getpid()))
    return main()


def serve_on_full_disk() -> int:
    """Run the bot in a process whose files end with their first page."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FIRST_PAGE, before[1]))
    try:
        return main()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)  # what was measured is written at the end
