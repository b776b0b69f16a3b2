"""Handshakes and whole checks compared with all other TLS clients, at three sizes.

CPU time per item, in interleaved rounds of one run: this process's own for code that runs in it,
that of the children for programs. sslyze is measured if `BENCH_SSLYZE` names its program; install
it in a separate environment.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import socket
import ssl
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from OpenSSL import SSL

from bench.bench_capture import compiled_loop, handshake_micros, plain_context
from bench.figures import Figure, growth, medians
from bench.lone_server import HOST, Served, served
from bot.checks import CheckContext, check
from bot.domain.report import CheckRequest
from chainlib import GatewayPolicy, HttpProbeRule, Target, TrustAnchors, TrustMode
from chainlib.aio import capture, load_well_known

SIZES, ROUNDS, AT_ONCE, PROCESSES = (40, 120, 360), 3, 200, 3
LOOP = "loop of handshakes in C"
OURS = "capture of the list"
BARE = "check without look and HTTP probe"
FULL = "check, everything"
GOALS = {OURS: 1.15, BARE: 1.6, FULL: 3.0}
FLAT = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """Where the server is, and the compiled loop if there is a compiler."""

    server: Served
    loop: Path | None

    @property
    def port(self) -> int:
        """Of the server."""
        return self.server.port

    @property
    def target(self) -> Target:
        """The server under its name."""
        return Target(host=HOST, address="127.0.0.1", port=self.port, server_name=HOST)


def run() -> Iterator[Figure]:
    """Every peer at every size, ours as ratios to the loop in C, and the growth per item."""
    load_well_known()
    with served() as server, TemporaryDirectory() as folder:
        bench = _Bench(server=server, loop=compiled_loop(Path(folder)))
        _round(bench, SIZES[0])
        costs: dict[str, list[tuple[int, float]]] = {}
        # The sizes alternate as well, so that a machine that slows down does not look like growth.
        rounds = [{size: _round(bench, size) for size in SIZES} for _ in range(ROUNDS)]
        for size in SIZES:
            for name, value in medians(one[size] for one in rounds):
                costs.setdefault(name, []).append((size, value))
                yield Figure(name=f"{name}, CPU", value=value / 1000, unit="ms", size=size)
        yield from _ratios(costs)
        for name in (OURS, BARE, FULL):
            yield growth(name, costs[name], goal=FLAT)


def _ratios(costs: dict[str, list[tuple[int, float]]]) -> Iterator[Figure]:
    """Ours beside the loop in C at the largest size."""
    if LOOP not in costs:
        return
    size, bare = costs[LOOP][-1]
    for name, goal in GOALS.items():
        ratio = costs[name][-1][1] / bare
        yield Figure(name=f"{name} / loop in C", value=ratio, unit="x", goal=goal, size=size)


def _round(bench: _Bench, size: int) -> dict[str, float]:
    """Microseconds of CPU for one item of each peer, one after the other."""
    found: dict[str, float] = {}
    if bench.loop:
        found[LOOP] = handshake_micros(bench.loop, bench.port, size)
    found["pyOpenSSL, one after the other"] = _own(partial(_pyopenssl, bench.port), size)
    found["ssl of the standard library"] = _own(partial(_stdlib, bench.port), size)
    found["asyncio.open_connection with TLS"] = _at_once(partial(_asyncio_tls, bench.port), size)
    found[OURS] = _at_once(lambda: capture(bench.target, timeout=60, list_only=True), size)
    found[BARE] = _at_once(partial(_check, bench, whole=False), size)
    found[FULL] = _at_once(partial(_check, bench, whole=True), size)
    if size == SIZES[0]:  # a process costs the same, however many follow
        for name, command in _programs(bench.port):
            found[name] = _children(command)
    return found


def _own(work: Callable[[], object], size: int) -> float:
    begun = process_time()
    for _ in range(size):
        work()
    return (process_time() - begun) / size * 1e6


def _at_once(work: Callable[[], Awaitable[object]], size: int) -> float:
    async def every() -> None:
        turns = asyncio.Semaphore(AT_ONCE)

        async def one() -> None:
            async with turns:
                await work()

        await asyncio.gather(*(one() for _ in range(size)))

    begun = process_time()
    asyncio.run(every())
    return (process_time() - begun) / size * 1e6


def _children(command: list[str]) -> float:
    """Microseconds of CPU of one process; each is started alone, a few times."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(PROCESSES):
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603 -- programs of the system, on purpose
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent / PROCESSES * 1e6


def _programs(port: int) -> Iterator[tuple[str, list[str]]]:
    if openssl := shutil.which("openssl"):
        where = ["-connect", f"127.0.0.1:{port}", "-servername", HOST, "-showcerts"]
        yield "openssl s_client -showcerts, a process", [openssl, "s_client", *where]
    if curl := shutil.which("curl"):
        where = ["--resolve", f"{HOST}:{port}:127.0.0.1", f"https://{HOST}:{port}/"]
        yield "curl -k, a process", [curl, "-k", "-s", "-o", os.devnull, *where]
    if sslyze := os.environ.get("BENCH_SSLYZE"):
        yield "sslyze --certinfo, a process", [sslyze, "--certinfo", f"127.0.0.1:{port}"]


def _pyopenssl(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as plain:
        tls = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), plain)
        tls.set_tlsext_host_name(HOST.encode())
        tls.set_connect_state()
        tls.do_handshake()
        tls.get_peer_cert_chain()


def _stdlib(port: int) -> None:
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        plain_context().wrap_socket(plain, server_hostname=HOST),
    ):
        return


async def _asyncio_tls(port: int) -> None:
    _, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=_ASYNCIO_CONTEXT, server_hostname=HOST
    )
    writer.close()


async def _check(bench: _Bench, *, whole: bool) -> None:
    """One check of an accepted chain; `whole` adds the handshake without SNI and the HTTP probe."""
    anchors = TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=(bench.server.root,))
    rule = HttpProbeRule(host_header=HOST) if whole else None
    policy = GatewayPolicy(anchors=anchors, name=HOST, http=rule)
    context = CheckContext(
        clock=lambda: datetime.now(tz=UTC), timeout=60, without_sni=lambda _target, _at: whole
    )
    report = await check(CheckRequest(target=bench.target, policy=policy), context)
    assert report.verdict.accepted, report.verdict.headline


_ASYNCIO_CONTEXT: ssl.SSLContext = plain_context()
