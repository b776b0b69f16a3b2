"""Which xdist worker runs which test.

All tests of a file run on one worker, so that what they share (a server, an installed wheel, a bot)
is made once. xdist's own `loadgroup` marks have no effect with pytest 9.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

import pytest
from xdist.scheduler import LoadScopeScheduling

# Files that take longest or wait most: they start first.
_WHOLE = (
    "tests/playground/test_browser.py",  # one browser and one playground serve all of its tests
)
# Of these each test starts by itself, because they share nothing.
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
_PLACES: Mapping[str, int] = dict(zip((*_WHOLE, *LONG), count(), strict=False))


class FileScheduling(LoadScopeScheduling):
    """One unit of work for each file, and for each test of the long ones."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in LONG else file


def long_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The tests in the order in which they begin: a long one that begins last keeps all waiting."""
    return sorted(items, key=lambda item: _PLACES.get(item.nodeid.partition("::")[0], len(_PLACES)))
