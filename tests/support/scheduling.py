"""Which xdist worker runs which test.

All tests of a file run on one worker, so that what they share (a server, an installed wheel, a bot)
is made once. xdist's own `loadgroup` marks have no effect with pytest 9.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest

import pytest
from xdist.scheduler import LoadScopeScheduling

# One browser and one playground serve all of its tests, and they wait most: it starts first.
_FIRST = "tests/playground/test_browser.py"
# Files whose tests wait more than they work, and share nothing: each test starts by itself.
WAITING = (
    "tests/playground/test_clock.py",
    "tests/bot/engine/test_kill.py",
    "tests/bot/test_outage.py",
    "tests/bot/engine/test_engine.py",
    "tests/playground/test_demo.py",
    "tests/bot/test_main.py",
    "tests/bot/test_health_command.py",
)
# Files of three to thirty seconds: one that starts last leaves the other workers idle.
LONG = (
    "tests/bot/slack/test_socket.py",
    "tests/bot/slack/test_following.py",
    "tests/test_regular_expressions.py",
    "tests/chainlib/test_odd_encodings.py",
    "tests/bot/test_digest_simulation.py",
    "tests/chainlib/test_pasted_files.py",
    "tests/test_packaging.py",
    "tests/bot/slack/test_gateways.py",
    "tests/bot/slack/test_alerts.py",
    "tests/bot/commands/test_alerts.py",
    "tests/chainlib/test_limbo.py",
    "tests/bot/engine/test_sender.py",
    "tests/bot/slack/test_card_life.py",
    "tests/bot/mcp/test_tools.py",
    "tests/test_dead_code.py",
    "tests/bot/test_cli.py",
    "tests/bot/slack/test_commands.py",
    "tests/chainlib/test_bounds.py",
    "tests/bot/slack/test_receiver.py",
    "tests/bot/store/test_store.py",
    "tests/bot/store/test_schema.py",
    "tests/test_examples.py",
    "tests/bot/subscriptions/test_alerts.py",
)


class FileScheduling(LoadScopeScheduling):
    """One unit of work for each file, and for each test that waits."""

    def _split_scope(self, nodeid: str) -> str:
        return _unit(nodeid)


def in_order(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The tests in the order in which they begin: waiting ones and others in turn.

    So some workers work while others wait, from the start to the end.
    """
    units: dict[str, list[pytest.Item]] = {}
    for item in sorted(items, key=lambda item: _place(item.nodeid)):
        units.setdefault(_unit(item.nodeid), []).append(item)
    waiting = [unit for unit in units if _file(unit) in {_FIRST, *WAITING}]
    others = [unit for unit in units if _file(unit) not in {_FIRST, *WAITING}]
    turns = chain.from_iterable(zip_longest(waiting, others))
    return [item for unit in turns if unit is not None for item in units[unit]]


def _unit(nodeid: str) -> str:
    return nodeid if _file(nodeid) in WAITING else _file(nodeid)


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def _place(nodeid: str) -> int:
    listed = (_FIRST, *WAITING, *LONG)
    return listed.index(_file(nodeid)) if _file(nodeid) in listed else len(listed)
