"""Cost of capturing a presented chain, compared with a plain handshake and `openssl s_client`."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from bench.figures import Figure, millis
from bench.lone_server import HOST, served
from chainlib import Target
from chainlib.aio import capture

LOOPS, PROCESSES, AT_ONCE = 100, 15, 50
ROUNDS, LOOP_COUNT, LOOP_AT_ONCE = 5, 400, 200
SCRIPT_GOAL, PROCESS_GOAL, LOOP_GOAL = 2.0, 0.5, 1.15
_SOURCE = Path(__file__).with_name("handshake_loop.c")


def run() -> Iterator[Figure]:
    """Milliseconds per chain, and ours as ratios to the others.

    Only ours keeps the chain of a failed handshake.
    """
    with served() as server:
        port, context = server.port, plain_context()
        script = millis(lambda: _script(port, context), loops=LOOPS)
        ours, at_once = asyncio.run(_ours(port))
        yield Figure(
            name="a script's handshake (standard library; sees no list)", value=script, unit="ms"
        )
        yield Figure(name="capture", value=ours, unit="ms")
        yield Figure(
            name="capture, ratio to the script", value=ours / script, unit="x", goal=SCRIPT_GOAL
        )
        yield Figure(name=f"capture, each of {AT_ONCE} at once", value=at_once, unit="ms")
        with TemporaryDirectory() as folder:
            if program := compiled_loop(Path(folder)):
                yield from _beside_the_loop(program, port)
        if openssl := shutil.which("openssl"):
            process = millis(lambda: _process(openssl, port), rounds=3, loops=PROCESSES // 3)
            yield Figure(name="openssl s_client -showcerts, a process", value=process, unit="ms")
            yield Figure(
                name="capture, ratio to that process",
                value=ours / process,
                unit="x",
                goal=PROCESS_GOAL,
            )


def compiled_loop(folder: Path) -> Path | None:
    """The loop in C, if a compiler and OpenSSL's headers are available."""
    compiler = shutil.which("cc")
    program = folder / "handshake_loop"
    command = [str(compiler), "-O2", str(_SOURCE), "-o", str(program), "-lssl", "-lcrypto"]
    done = compiler and subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 -- our own source
    return program if done else None


def handshake_micros(program: Path, port: int, count: int = LOOP_COUNT) -> float:
    """Microseconds of CPU of one handshake of the loop in C."""
    command = [str(program), str(port), str(count), HOST]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)  # noqa: S603 -- just compiled


def _beside_the_loop(program: Path, port: int) -> Iterator[Figure]:
    """CPU time of one handshake, ours beside the loop's, in interleaved rounds."""
    loop, whole, lists = [], [], []
    asyncio.run(_cpu(port, list_only=False))
    for _ in range(ROUNDS):
        loop.append(handshake_micros(program, port))
        whole.append(asyncio.run(_cpu(port, list_only=False)))
        lists.append(asyncio.run(_cpu(port, list_only=True)))
    bare = median(loop)
    yield Figure(name="a loop of handshakes in C, CPU", value=bare / 1000, unit="ms")
    yield Figure(
        name=f"capture, CPU, {LOOP_AT_ONCE} at once", value=median(whole) / 1000, unit="ms"
    )
    yield Figure(
        name="capture, CPU, ratio to that loop",
        value=median(whole) / bare,
        unit="x",
        goal=LOOP_GOAL,
    )
    yield Figure(
        name="the list alone, CPU, ratio to that loop", value=median(lists) / bare, unit="x"
    )


async def _cpu(port: int, *, list_only: bool) -> float:
    """Microseconds of CPU time for one capture among many."""
    target = Target(host=HOST, address="127.0.0.1", port=port, server_name=HOST)
    turns = asyncio.Semaphore(LOOP_AT_ONCE)

    async def one() -> None:
        async with turns:
            await capture(target, timeout=30, list_only=list_only)

    begun = process_time()
    await asyncio.gather(*(one() for _ in range(LOOP_COUNT)))
    return (process_time() - begun) / LOOP_COUNT * 1e6


def plain_context() -> ssl.SSLContext:
    """A client that checks nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _script(port: int, context: ssl.SSLContext) -> None:
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain, server_hostname=HOST),
    ):
        return


def _process(openssl: str, port: int) -> None:
    command = [
        openssl,
        "s_client",
        "-connect",
        f"127.0.0.1:{port}",
        "-servername",
        HOST,
        "-showcerts",
    ]
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)  # noqa: S603 -- the system's openssl, on purpose


async def _ours(port: int) -> tuple[float, float]:
    target = Target(host=HOST, address="127.0.0.1", port=port, server_name=HOST)
    taken = [await _milliseconds(target, 1) for _ in range(LOOPS)]
    crowds = [await _milliseconds(target, AT_ONCE) / AT_ONCE for _ in range(5)]
    return median(taken), median(crowds)


async def _milliseconds(target: Target, count: int) -> float:
    begun = perf_counter()
    await asyncio.gather(*(capture(target, timeout=10) for _ in range(count)))
    return (perf_counter() - begun) * 1000
