"""Which xdist worker runs which test.

All tests of a file run on one worker, so that what they share (a server, an installed wheel, a bot)
is made once. xdist's own `loadgroup` marks have no effect with pytest 9.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

import pytest
from xdist.scheduler import LoadScopeScheduling

# It waits most, and one browser and one playground serve all of its tests: it starts first.
_FIRST = ("tests/playground/test_browser.py",)
# Files whose tests wait a lot and share nothing: they start next, each test by itself.
LONG = (
    "tests/playground/test_clock.py",
    "tests/bot/engine/test_kill.py",
    "tests/bot/engine/test_engine.py",
    "tests/bot/test_digest_simulation.py",
    "tests/bot/test_outage.py",
    "tests/playground/test_demo.py",
    "tests/chainlib/test_bounds.py",
    "tests/chainlib/test_limbo.py",
    "tests/bot/test_main.py",
    "tests/bot/test_cli.py",
    "tests/bot/test_health_command.py",
)
# Files that take five to twenty seconds: one that starts last leaves the other workers idle.
_HEAVY = (
    "tests/bot/slack/test_following.py",
    "tests/chainlib/test_pasted_files.py",
    "tests/bot/slack/test_gateways.py",
    "tests/chainlib/test_odd_encodings.py",
    "tests/test_regular_expressions.py",
    "tests/bot/slack/test_alerts.py",
    "tests/bot/azure/test_faults.py",
    "tests/test_packaging.py",
    "tests/bot/azure/test_messages.py",
    "tests/bot/test_fixsteps.py",
    "tests/bot/mcp/test_tools.py",
    "tests/chainlib/test_explain.py",
    "tests/bot/slack/test_commands.py",
    "tests/playground/test_slack_standin.py",
    "tests/bot/checks/test_service.py",
)
_PLACES: Mapping[str, int] = dict(zip((*_FIRST, *LONG, *_HEAVY), count(), strict=False))


class FileScheduling(LoadScopeScheduling):
    """One unit of work for each file, and for each test of the long ones."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in LONG else file


def long_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The tests in the order in which they begin: those of the listed files first."""
    return sorted(items, key=lambda item: _PLACES.get(item.nodeid.partition("::")[0], len(_PLACES)))
