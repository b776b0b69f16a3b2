"""Capture: connect to one address, shake hands as the gateway would, keep what was presented, ask the health probe's question.

Each stage has its own limit inside the deadline of the whole. What the peer does is never an exception of another tree than
`CaptureError`; once a list has come it is no exception at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from types import MappingProxyType

from chainlib.aio import http
from chainlib.aio.failures import after_list, connect_failed, no_list
from chainlib.aio.resolve import resolve
from chainlib.aio.stream import TlsStream
from chainlib.errors import CaptureError
from chainlib.handshake import GATEWAY_OFFER, LEGACY_OFFER, ClientHandshake, TlsOffer
from chainlib.model import HttpFailure, HttpFailureKind, HttpResponse, PresentedChain, Target
from chainlib.policy import HttpProbeRule
from chainlib.wording import counted

StageHook = Callable[[str], None]

RESOLVE_LIMIT_S = 5.0
CONNECT_LIMIT_S = 5.0
HANDSHAKE_LIMIT_S = 10.0
LATE_ALERT_S = 0.15


async def capture(
    target: Target,
    *,
    timeout: float,  # noqa: ASYNC109 -- the deadline is part of the question: its end is an answer
    probe: HttpProbeRule | None = None,
    offer: TlsOffer = GATEWAY_OFFER,
    on_stage: StageHook | None = None,
) -> PresentedChain:
    """Capture what one address presents.

    Args:
        target: where; with an address that one is used, else the host is resolved and its first
            address taken.
        timeout: seconds for everything, the HTTP probe included.
        probe: the health probe's rule; `None` sends no HTTP.
        offer: TLS versions and authentication to offer.
        on_stage: called with `resolve`, `connect`, `handshake`, `http` as each begins; must return
            at once.

    Raises:
        CaptureError: no certificate list came; the subclass says why, its text is one sentence.
        InvalidTarget: the server_name, the host header or the path cannot be sent.
    """
    return await _Capture(target, timeout, on_stage).run(offer, probe)


async def offers_only_older(target: Target, *, timeout: float) -> bool:  # noqa: ASYNC109 -- as in `capture`
    """Whether the peer shakes hands in TLS 1.0 or 1.1 but not in 1.2 or 1.3.

    A second handshake only when the first succeeds.
    """
    deadline = asyncio.get_running_loop().time() + timeout
    try:
        await capture(target, timeout=timeout, offer=LEGACY_OFFER)
    except CaptureError:
        return False
    try:
        await capture(
            target,
            timeout=max(deadline - asyncio.get_running_loop().time(), LATE_ALERT_S),
            offer=GATEWAY_OFFER,
        )
    except CaptureError:
        return True
    return False


class _Capture:
    """One capture under way: its deadline and what its stages took."""

    def __init__(self, target: Target, timeout: float, on_stage: StageHook | None) -> None:
        self._target = target
        self._clock = asyncio.get_running_loop().time
        self._deadline = self._clock() + timeout
        self._on_stage = on_stage
        self._timings: dict[str, float] = {}

    async def run(self, offer: TlsOffer, probe: HttpProbeRule | None) -> PresentedChain:
        """Go through the stages; every `CaptureError` leaves with the address and the timings."""
        client = ClientHandshake(offer, self._target.server_name)
        if probe is not None:
            http.request(probe)  # what cannot be sent is refused before the first packet
        try:
            await self._resolve()
            stream = await self._connect(client)
            try:
                return await self._talk(stream, probe)
            finally:
                await stream.close()
        except CaptureError as error:
            error.address, error.timings = self._target.address, self._timings
            raise

    async def _resolve(self) -> None:
        if self._target.address is not None:
            return
        with self._stage("resolve", RESOLVE_LIMIT_S) as seconds:
            addresses = await resolve(self._target.host, self._target.port, timeout=seconds)
        self._target = replace(self._target, address=addresses[0])

    async def _connect(self, client: ClientHandshake) -> TlsStream:
        with self._stage("connect", CONNECT_LIMIT_S) as seconds:
            try:
                async with asyncio.timeout(seconds):
                    reader, writer = await asyncio.open_connection(
                        self._target.address, self._target.port
                    )
            except OSError as error:
                raise connect_failed(error, self._target, seconds) from error
        return TlsStream(reader, writer, client)

    async def _talk(self, stream: TlsStream, probe: HttpProbeRule | None) -> PresentedChain:
        client = stream.client
        with self._stage("handshake", HANDSHAKE_LIMIT_S) as seconds:
            await stream.handshake(seconds)
        if client.may_be_refused_late and probe is None:  # the probe would meet the alert by itself
            await stream.await_late_alert(self._patience())
        certificates = client.certificates
        if not certificates:
            raise no_list(client, self._target)
        error = after_list(client)
        answer = await self._probe(stream, probe) if probe and client.finished else None
        if _refused_client(answer):
            error = after_list(client)
        return PresentedChain(
            target=self._target,
            certificates=certificates,
            tls=client.session,
            handshake_error=error,
            http=answer,
            timings=MappingProxyType(self._timings),
        )

    async def _probe(self, stream: TlsStream, probe: HttpProbeRule) -> HttpResponse | HttpFailure:
        with self._stage("http", probe.timeout) as seconds:
            try:
                async with asyncio.timeout(seconds):
                    return await http.ask(stream, probe)
            except TimeoutError:
                return HttpFailure(
                    kind=HttpFailureKind.TIMEOUT,
                    detail=f"no complete answer within {counted(seconds, 'second')}",
                    waited=seconds,
                )

    def _patience(self) -> float:
        """Seconds to wait for a late alert.

        Two round trips, and never less than a busy server needs.
        """
        round_trip = self._timings["connect"] / 1000
        return min(max(LATE_ALERT_S, 2 * round_trip), self._left())

    @contextmanager
    def _stage(self, name: str, limit: float) -> Iterator[float]:
        """Announce a stage, hand over the seconds that it may take, note what it took."""
        if self._on_stage is not None:
            self._on_stage(name)
        begun = perf_counter()
        try:
            yield min(limit, self._left())
        finally:
            self._timings[name] = (perf_counter() - begun) * 1000

    def _left(self) -> float:
        return max(self._deadline - self._clock(), 0.0)


def _refused_client(answer: HttpResponse | HttpFailure | None) -> bool:
    return (
        isinstance(answer, HttpFailure)
        and answer.kind is HttpFailureKind.CLIENT_CERTIFICATE_REQUIRED
    )
