"""Each kind of refusal is shown in exactly one way, whatever package refuses."""

from __future__ import annotations

import pytest

from bot.domain.refusal import RefusalKind


@pytest.mark.parametrize("kind", RefusalKind)
def test_kind_is_shown_in_exactly_one_way(kind: RefusalKind) -> None:
    assert sum((kind.is_ephemeral, kind.is_typing_error, kind.is_from_azure)) == 1


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (RefusalKind.RATE, "is_ephemeral"),
        (RefusalKind.PORT, "is_ephemeral"),
        (RefusalKind.NOT_FOUND, "is_typing_error"),
        (RefusalKind.OUT_OF_SCOPE, "is_typing_error"),
        (RefusalKind.FORBIDDEN, "is_from_azure"),
        (RefusalKind.NOT_CONFIGURED, "is_from_azure"),
    ],
    ids=str,
)
def test_kind_decides_who_sees_it(kind: RefusalKind, shown: str) -> None:
    assert getattr(kind, shown)
