"""`doctor` names each missing scope and what does not work without it."""

from __future__ import annotations

import pytest

from bot.checks.doctor import State
from bot.checks.scopes import SCOPES, Scope, missing_scopes

ALL = {scope.name for scope in SCOPES}


@pytest.mark.parametrize(
    ("granted", "state"),
    [
        (ALL, State.WELL),
        (ALL - {"users:read", "im:history"}, State.WARNING),
        (ALL - {"chat:write"}, State.FAIL),
        (set(), State.WARNING),
        ({""}, State.WARNING),
    ],
    ids=["all", "optional missing", "needed missing", "not told", "empty header"],
)
def test_state_of_scopes(granted: set[str], state: State) -> None:
    (check,) = missing_scopes(granted)
    assert check.state is state


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.name)
def test_missing_scope_is_named_with_its_effect(scope: Scope) -> None:
    name, without = scope.name, scope.without
    (check,) = missing_scopes(ALL - {name})
    assert f"{name} is missing: {without}" in check.sentence
