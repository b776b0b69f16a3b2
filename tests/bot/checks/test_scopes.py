"""`doctor` names each missing scope and what does not work without it."""

from __future__ import annotations

import pytest

from bot.checks.doctor import CheckState
from bot.checks.scopes import SCOPES, Scope, missing_scopes

ALL = {scope.name for scope in SCOPES}


@pytest.mark.parametrize(
    ("granted", "state"),
    [
        (ALL, CheckState.OK),
        (ALL - {"users:read", "im:history"}, CheckState.WARNING),
        (ALL - {"chat:write"}, CheckState.FAIL),
        (set(), CheckState.WARNING),
        ({""}, CheckState.WARNING),
    ],
    ids=["all", "optional missing", "needed missing", "not told", "empty header"],
)
def test_state_of_scopes(granted: set[str], state: CheckState) -> None:
    (check,) = missing_scopes(granted)
    assert check.state is state


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.name)
def test_missing_scope_is_named_with_its_effect(scope: Scope) -> None:
    name, without = scope.name, scope.without
    (check,) = missing_scopes(ALL - {name})
    assert f"{name} is missing: {without}" in check.sentence
