"""`python -m playground.clocked FILE`: runs `appgw serve` on the clock whose shift is in that file.

That clock decides when digests are due, what has expired, and how old a problem is. Waiting times
stay real.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from bot.engine import EngineSettings
from bot.main import ENGINE_DRAIN
from bot.main import main as serve
from playground.clock import MovableClock

CONFIRM_GAP = timedelta(
    seconds=2
)  # days pass in seconds here, so two observations need not be forty seconds apart
POLL = timedelta(seconds=0.5)


def program(clock: MovableClock) -> list[str]:
    """What to run for a bot on that clock."""
    return [sys.executable, "-m", "playground.clocked", str(clock.file)]


def main() -> int:
    """Run the bot on the clock of the file in the first argument; its exit status."""
    chosen = MovableClock(Path(sys.argv[1]))
    return serve(
        clock=chosen.instant,
        engine=EngineSettings(drain=ENGINE_DRAIN, confirm_gap=CONFIRM_GAP, poll=POLL),
    )


if __name__ == "__main__":
    sys.exit(main())
