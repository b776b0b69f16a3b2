"""Starts the services that the bot uses: the lab, Slack, and an ARM with the lab's gateway.

Everything is on loopback. The demo, the phone page and tests use it; `environment` gives the bot's
settings.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from chainlib import (
    CATALOGUE,
    Certificate,
    Code,
    GatewayPolicy,
    HttpProbeRule,
    PresentedChain,
    Target,
    TrustAnchors,
    TrustMode,
    UnusableFile,
    judge,
    load_certificates,
)
from playground.alert import add_channel, alert_app
from playground.arm import ArmStandIn, GatewaySpec, PoolSpec, ProbeSpec, RuleSpec, SettingSpec
from playground.arm.documents import ServerKey
from playground.gateway_questions import CHANNEL
from playground.lab import pki
from playground.lab.authority import DAY
from playground.lab.backends import Lab, LabBackend
from playground.lab.peers import LOOPBACK
from playground.lab.recipe import BackendRecipe
from playground.lab.servers import TlsBackend
from playground.slack import Channel, SlackStandIn
from playground.slack.state import Clock

GATEWAY, VAULT_GATEWAY = "lab-gw", "vault-gw"
POOL = "lab"
# The health probe does not use live traffic's name: such a backend is healthy for the gateway, and
# users get 502.
PASSES_THE_PROBE = frozenset(
    {
        Code.OK,
        Code.VALIDATION_OFF,
        Code.CERTIFICATE_EXPIRING,
        Code.LIVE_NAME_MISMATCH,
        Code.WEAK_CRYPTO,
    }
)


class Stage:
    """The lab, Slack and ARM, started together.

    Args:
        folder: an existing folder for the bot's data and ARM's CA file.
        recipes: which backends; all by default.
        clock: returns seconds since 1970, for Slack.
        slack_port: where Slack listens; 0 picks a free one.
    """

    def __init__(
        self,
        folder: Path,
        *,
        recipes: tuple[BackendRecipe, ...] | None = None,
        clock: Clock = time.time,
        slack_port: int = 0,
    ) -> None:
        now = datetime.fromtimestamp(clock(), UTC)
        self.folder = folder
        self.lab = Lab(now=now) if recipes is None else Lab(now=now, recipes=recipes)
        self.slack = SlackStandIn(clock=clock, port=slack_port)
        self._now = now
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start all three."""
        try:
            await self._stack.enter_async_context(self.lab)
            await self._stack.enter_async_context(self.slack)
            identity = await asyncio.to_thread(self._arm_identity)
            self.arm = await self._stack.enter_async_context(ArmStandIn(identity, retry_after=1))
        except BaseException:
            await self._stack.aclose()
            raise
        self._tell_arm()
        self.slack.workspace.channels[CHANNEL] = Channel(id=CHANNEL, name="lab-gateway")
        add_channel(self.slack)
        for backend in self.lab.backends:
            self.slack.workspace.channels[channel_of(backend)] = Channel(
                id=channel_of(backend), name=f"lab-{backend.name}"
            )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop all three."""
        await self._stack.aclose()

    def _arm_identity(self) -> pki.Issued:
        dates = {"not_before": self._now - DAY, "not_after": self._now + 30 * DAY}
        root = pki.root("Playground ARM Root", **dates)
        self.ca_bundle.write_bytes(root.pem)
        return pki.leaf(root, "localhost", ips=(LOOPBACK,), **dates)

    def _tell_arm(self) -> None:
        """Make ARM describe the present state of the lab."""
        self.arm.add(gateway_spec(self.lab), dict(health_words(self.lab)))

    async def heal(self, name: str) -> None:
        """Correct a backend and its setting, also in ARM.

        The bot notices a changed setting when it reads the list of gateways again, after minutes.
        """
        await self.lab.heal(name)
        self._tell_arm()

    async def break_again(self, name: str) -> None:
        """Restore the fault of a backend."""
        await self.lab.break_again(name)
        self._tell_arm()

    async def install(self, name: str, data: bytes) -> None:
        """Install a certificate file on a backend.

        Raises:
            LookupError: the backend takes no file.
            ValueError: the file cannot be read.
        """
        server = self.lab[name].server
        if not isinstance(server, TlsBackend) or name in self.lab.healed:
            raise LookupError(f"{name} takes no certificate file now")
        try:
            chain = load_certificates(data)
        except UnusableFile as error:
            raise ValueError(str(error)) from None
        await server.install(chain)
        if self._accepted(self.lab[name], chain):
            self.lab.healed.add(name)
        self._tell_arm()

    def _accepted(self, backend: LabBackend, chain: Sequence[Certificate]) -> bool:
        """Whether the gateway's setting accepts this chain and the chain was the only fault."""
        roots = tuple(root for _, root in backend.roots)
        anchors = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=roots)
        policy = GatewayPolicy(anchors=anchors, name=backend.host_name)
        target = Target(host=backend.host_name)
        before, after = (
            judge(PresentedChain(target=target, certificates=tuple(sent)), policy, at=self._now)
            for sent in (backend.first_chain, chain)
        )
        return after.accepted and not before.accepted

    @property
    def ca_bundle(self) -> Path:
        """The CA file with which the bot trusts the simulated ARM."""
        return self.folder / "arm-root.pem"

    def environment(self, *, socket_mode: bool = False) -> dict[str, str]:
        """The bot's environment variables."""
        return {
            **self.slack.environment(socket_mode=socket_mode),
            "APPGW_AZURE_CREDENTIAL": "static",
            "APPGW_AZURE_STATIC_TOKEN": self.arm.token,
            "APPGW_ARM_URL": self.arm.url,
            "APPGW_CA_BUNDLE": str(self.ca_bundle),
            "APPGW_DATA_DIR": str(self.folder / "data"),
            "APPGW_ALLOW_LOOPBACK": "1",
            "APPGW_ALERT_APPS": alert_app(),
            "APPGW_AIA": "1",  # the lab's CAs publish their certificates; needed for a whole repair
        }


def channel_of(backend: LabBackend) -> str:
    """The ID of this backend's own channel, in which its card is posted."""
    return "C0LAB" + "".join(letter for letter in backend.name.upper() if letter.isalnum())


def gateway_spec(lab: Lab) -> GatewaySpec:
    """One gateway with a pool of one member and a setting for each backend of the lab."""
    return GatewaySpec(
        name=GATEWAY,
        group="rg-lab",
        pools=(PoolSpec(name=POOL, ips=(LOOPBACK,)),),
        settings=tuple(_setting(lab, backend) for backend in lab.backends),
        probes=tuple(_probe(lab, backend) for backend in lab.backends if backend.recipe.rule),
        roots=dict(lab.roots()),
        rules=tuple(
            RuleSpec(pool=POOL, setting=backend.name, hosts=(backend.host_name,))
            for backend in lab.backends
        ),
    )


def vault_gateway(lab: Lab) -> GatewaySpec:
    """A gateway whose trusted root is in Key Vault, with the lab's correct backend.

    ARM does not show that root, so trust is not judged.
    """
    good = next(one for one in lab.backends if one.name == "good")
    setting = SettingSpec(
        name="vault", port=good.port, host_name=good.host_name, roots=("corp-root-vault",)
    )
    return GatewaySpec(
        name=VAULT_GATEWAY,
        group="rg-lab",
        pools=(PoolSpec(name=POOL, ips=(LOOPBACK,)),),
        settings=(setting,),
        roots={"corp-root-vault": "https://lab-vault.vault.azure.net/secrets/corp-root"},
        rules=(RuleSpec(pool=POOL, setting="vault", hosts=("vault.lab.contoso.test",)),),
    )


def _setting(lab: Lab, backend: LabBackend) -> SettingSpec:
    recipe, healed = backend.recipe, backend.name in lab.healed
    roots = lab.world.trusted if healed else backend.roots
    return SettingSpec(
        name=backend.name,
        port=backend.port,
        host_name=(not healed and recipe.live_name) or backend.host_name,
        validate_chain=recipe.validate_chain or healed,
        validate_name=recipe.validate_name or healed,
        roots=tuple(name for name, _ in roots),
        probe=backend.name if recipe.rule else None,
    )


def _probe(lab: Lab, backend: LabBackend) -> ProbeSpec:
    rule = backend.recipe.rule
    assert rule is not None
    if backend.name in lab.healed:
        return ProbeSpec(name=backend.name, host=backend.host_name)
    return ProbeSpec(
        name=backend.name,
        host=backend.host_name,
        path=rule.path,
        timeout=max(1, int(rule.timeout)),
        body=rule.body,
    )


def health_words(lab: Lab) -> Iterator[tuple[ServerKey, tuple[str, str]]]:
    """Backend health of each backend: Azure's message for the expected verdict."""
    for backend in lab.backends:
        if backend.name not in lab.healed and backend.recipe.expected not in PASSES_THE_PROBE:
            yield (POOL, backend.name, LOOPBACK), ("Unhealthy", _log(backend.recipe))


def _log(recipe: BackendRecipe) -> str:
    """The catalogue's message with the placeholders that the real service fills in."""
    rule, text = recipe.rule or HttpProbeRule(), CATALOGUE[recipe.expected].gateway_message or ""
    accepted = ",".join(f"{low}-{high}" for low, high in rule.statuses)
    for place, told in (
        ("{HTTPStatusCode0}", accepted),
        ("{HTTPStatusCode1}", "500"),
        ("{string}", rule.body),
        ("{errorCode}", "26"),  # X509_V_ERR_INVALID_PURPOSE, of the certificate for clients alone
    ):
        text = text.replace(place, told)
    return text
