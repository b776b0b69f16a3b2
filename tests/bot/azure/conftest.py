"""A stand-in ARM that trusts nobody but its token, and the real client pointed at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.azure.client import ArmClient
from bot.azure.settings import ArmSettings, ArmTiming
from playground.arm import ArmStandIn
from playground.lab import pki
from tests.support.arm import FAST, TOKEN, MovableClock


@pytest.fixture(scope="session")
def arm_root() -> pki.Issued:
    return pki.root("Stand-in ARM Root", not_before=_now(-1), not_after=_now(30))


@pytest.fixture(scope="session")
def arm_identity(arm_root: pki.Issued) -> pki.Issued:
    """TLS checks against the machine's own clock, so these dates do too."""
    return pki.leaf(
        arm_root,
        "localhost",
        dns=("localhost",),
        ips=("127.0.0.1",),
        not_before=_now(-1),
        not_after=_now(30),
    )


def _now(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


@pytest.fixture(scope="session")
def ca_file(arm_root: pki.Issued, tmp_path_factory: pytest.TempPathFactory) -> str:
    """One file: the bot reads all roots of the system anew for each further one, 60 ms long."""
    path = tmp_path_factory.mktemp("arm") / "arm-root.pem"
    path.write_bytes(arm_root.pem)
    return str(path)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def arm(arm_identity: pki.Issued) -> AsyncIterator[ArmStandIn]:
    async with ArmStandIn(arm_identity, token=TOKEN) as running:
        yield running


@pytest.fixture
async def new_client(ca_file: str, clock: MovableClock) -> AsyncIterator[Callable[..., ArmClient]]:
    """Makes clients for an URL and closes them."""
    made: list[ArmClient] = []

    def make(
        url: str,
        *,
        timing: ArmTiming = FAST,
        token: str | None = TOKEN,
        subscriptions: tuple[str, ...] = (),
    ) -> ArmClient:
        settings = ArmSettings(
            credential="static",
            static_token=token,
            arm_url=url,
            ca_bundle=ca_file,
            subscriptions=subscriptions,
        )
        made.append(ArmClient(settings, clock=clock, timing=timing))
        return made[-1]

    yield make
    for client in made:
        await client.close()


@pytest.fixture
def client(arm: ArmStandIn, new_client: Callable[..., ArmClient]) -> ArmClient:
    return new_client(arm.url)
