"""Connects to one address, makes the gateway's handshake, and keeps what the server presented.

Then it sends the health probe's request. Each stage has its own limit within the deadline of the
whole. Whatever the peer does, the only exception is `CaptureError`, and none is raised once a chain
was presented.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from types import MappingProxyType

from chainlib.aio.connection import TlsConnection, connect
from chainlib.aio.failures import after_list, connect_failed, no_list
from chainlib.aio.http import Answer, AnswerReader, request
from chainlib.aio.resolve import resolve
from chainlib.causes import Observation
from chainlib.errors import CaptureError
from chainlib.handshake import GATEWAY_OFFER, ClientHandshake, TlsOffer
from chainlib.limits import CONNECT_S, HANDSHAKE_S, LATE_ALERT_MAX_S, LATE_ALERT_MIN_S, RESOLVE_S
from chainlib.model import HttpFailure, HttpFailureKind, PresentedChain, Target
from chainlib.policy import HttpProbeRule
from chainlib.wording import counted

StageHook = Callable[[str], None]


async def capture(
    target: Target,
    *,
    timeout: float,  # noqa: ASYNC109 -- when it ends, the result says so instead of raising TimeoutError
    probe: HttpProbeRule | None = None,
    offer: TlsOffer = GATEWAY_OFFER,
    on_stage: StageHook | None = None,
    list_only: bool = False,
) -> PresentedChain:
    """Capture what one address presents.

    Args:
        target: where to connect; without an address, the host is resolved and its first address
            used.
        timeout: seconds for everything, the HTTP probe included.
        probe: the health probe's rule; `None` sends no HTTP.
        offer: TLS versions and authentication to offer.
        on_stage: called with `resolve`, `connect`, `handshake`, `http` as each begins; must return
            at once.
        list_only: end as soon as the chain was received: no request, no orderly close, and no
            knowledge of what the server would have said next.

    Raises:
        CaptureError: no chain was received; the subclass says why, and the text is one sentence.
        InvalidTarget: the server_name, the host header or the path cannot be sent.
    """
    return await _Capture(target, timeout, on_stage, list_only=list_only).run(offer, probe)


class _Capture:
    """One running capture: its deadline and the durations of its stages."""

    def __init__(
        self, target: Target, timeout: float, on_stage: StageHook | None, *, list_only: bool
    ) -> None:
        self._target = target
        self._clock = asyncio.get_running_loop().time
        self._deadline = self._clock() + timeout
        self._on_stage = on_stage
        self._list_only = list_only
        self._timings: dict[str, float] = {}

    async def run(self, offer: TlsOffer, probe: HttpProbeRule | None) -> PresentedChain:
        """Run the stages; every `CaptureError` gets the address and the timings."""
        client = ClientHandshake(offer, self._target.server_name)
        # Refuse what cannot be sent before the first packet.
        question = request(probe) if probe is not None else b""
        connection = TlsConnection(client, AnswerReader(probe) if probe else None)
        try:
            await self._resolve()
            await self._connect(connection)
            await self._handshake(connection, probed=probe is not None)
            answer = None
            if probe is not None and client.finished:
                answer = await self._probe(connection, question, probe)
            return self._presented(client, answer)
        except CaptureError as error:
            error.address, error.timings = self._target.address, self._timings
            raise
        finally:
            connection.close()

    async def _resolve(self) -> None:
        if self._target.address is not None:
            return
        with self._stage("resolve", RESOLVE_S) as seconds:
            addresses = await resolve(self._target.host, self._target.port, timeout=seconds)
        self._target = replace(self._target, address=addresses[0])

    async def _connect(self, connection: TlsConnection) -> None:
        with self._stage("connect", CONNECT_S) as seconds:
            try:
                async with asyncio.timeout(seconds):
                    await connect(self._target.address or "", self._target.port, connection)
            except OSError as error:
                raise connect_failed(error, self._target, seconds) from error

    async def _handshake(self, connection: TlsConnection, *, probed: bool) -> None:
        client = connection.client
        with self._stage("handshake", HANDSHAKE_S) as seconds:
            await connection.handshake(
                seconds, with_header=self._target.proxy_header, list_only=self._list_only
            )
        # The probe would receive the alert anyway.
        if client.may_be_refused_late and not probed and not self._list_only:
            await connection.await_late_alert(self._patience())
        if not client.has_certificates:
            raise no_list(self._observed(client), self._target)

    def _presented(self, client: ClientHandshake, answer: Answer | None) -> PresentedChain:
        certificates = client.certificates
        if not certificates:
            raise no_list(self._observed(client), self._target)
        ended_by_us = answer is not None and not _refused_client(answer)
        return PresentedChain(
            target=self._target,
            certificates=certificates,
            tls=client.session,
            handshake_error=None if ended_by_us else after_list(client),
            http=answer,
            timings=MappingProxyType(self._timings),
        )

    async def _probe(
        self, connection: TlsConnection, question: bytes, probe: HttpProbeRule
    ) -> Answer:
        with self._stage("http", probe.timeout) as seconds:
            return await connection.ask(question, seconds) or HttpFailure(
                kind=HttpFailureKind.TIMEOUT,
                detail=f"no complete answer within {counted(seconds, 'second')}",
                waited=seconds,
            )

    def _observed(self, client: ClientHandshake) -> Observation:
        return client.observed(proxy_header=self._target.proxy_header)

    def _patience(self) -> float:
        """Seconds to wait for a late alert: two round trips, within the bounds of `limits`."""
        two_trips = 2 * self._timings["connect"] / 1000
        return min(max(LATE_ALERT_MIN_S, two_trips), LATE_ALERT_MAX_S, self._left())

    @contextmanager
    def _stage(self, name: str, limit: float) -> Iterator[float]:
        """Announce a stage, yield the seconds that it may take, and record its duration."""
        if self._on_stage is not None:
            self._on_stage(name)
        begun = perf_counter()
        try:
            yield min(limit, self._left())
        finally:
            self._timings[name] = (perf_counter() - begun) * 1000

    def _left(self) -> float:
        return max(self._deadline - self._clock(), 0.0)


def _refused_client(answer: Answer) -> bool:
    return (
        isinstance(answer, HttpFailure)
        and answer.kind is HttpFailureKind.CLIENT_CERTIFICATE_REQUIRED
    )
