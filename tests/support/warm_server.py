"""A process that has imported the whole bot and forks for each requested program.

`python -m tests.support.warm_server SOCKET OWNER`. Importing takes two seconds of CPU time, forking
a hundredth of one. It ends with the process `OWNER`, or when its socket is removed.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import marshal
import os
import pkgutil
import select
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

import bot
import chainlib
from bot.digest.zones import preload
from bot.store.codec import prepare
from tests.support.measuring import save, save_all

LOOK_S = 1.0
_COLLECTED_AFTER = gc.get_threshold()  # as in a fresh interpreter
ALSO = (
    "aiosqlite",
    "azure.core.rest._aiohttp",
    "azure.identity.aio",
    "azure.mgmt.network.aio",
    "alembic.command",
    "alembic.config",
    "dbos._sys_db_postgres",
    "dbos._sys_db_sqlite",
    "tests.support.engine_child",
)


class Wanted(NamedTuple):
    """What is to be run."""

    entry: str
    words: Sequence[str]
    folder: str
    environment: dict[bytes, bytes]
    streams: Sequence[int]


def main(path: str, owner: str) -> None:
    """Import, listen, fork.

    Beside the socket it lists the modules that importing `bot.main` alone brings (`warm.with_bot`).
    """
    importlib.import_module("bot.main")
    Path(path).with_suffix(".modules").write_text("\n".join(sys.modules))
    gc.set_threshold(0)  # nothing that an import makes is garbage
    for package in (bot, chainlib):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in found.name and not found.name.endswith("__main__"):
                importlib.import_module(found.name)
    for name in ALSO:
        importlib.import_module(name)
    preload()
    prepare()
    save_all()
    serve(Path(path), int(owner))


def serve(path: Path, owner: int) -> None:
    """Fork this process once for each program that is asked for."""
    save()
    gc.collect()
    gc.freeze()
    assert threading.active_count() == 1, "a process with threads cannot be forked safely"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path.with_suffix(".new")))
        listener.listen(64)
        path.with_suffix(".new").rename(path)
        while path.exists() and _lives(owner):
            if select.select([listener], [], [], LOOK_S)[0]:
                client, _ = listener.accept()
                if os.fork() == 0:
                    listener.close()
                    _run(client)
                client.close()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _run(client: socket.socket) -> NoReturn:
    """Fork the program, pass signals on to it, and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    wanted = _read(client)
    process = os.fork()
    if process == 0:
        client.close()
        _become(wanted)
    for stream in wanted.streams:
        os.close(stream)
    ended = os.pidfd_open(process)
    while ended not in (ready := select.select([ended, client], [], [])[0]):
        numbers = client.recv(16) if client in ready else b""
        for number in numbers or (signal.SIGKILL,):  # whoever started it is gone
            os.kill(process, number)
        if not numbers:
            break
    _, status, used = os.wait4(process, 0)
    print(f"{used.ru_utime + used.ru_stime:.3f} s {wanted.entry} {wanted.words}", flush=True)  # noqa: T201 -- the log of a run
    with suppress(BrokenPipeError):
        client.sendall(status.to_bytes(4, "big"))
    os._exit(0)


def _read(client: socket.socket) -> Wanted:
    head, streams, _, _ = socket.recv_fds(client, 4, 3)
    length, data = int.from_bytes(head, "big"), b""
    while len(data) < length:
        data += client.recv(length - len(data))
    entry, words, folder, environment = marshal.loads(data)  # noqa: S302 -- from our own test
    return Wanted(entry, words, folder, environment, streams)


def _become(wanted: Wanted) -> NoReturn:
    """Run the entry point as a fresh interpreter would, and end."""
    for number, stream in enumerate(wanted.streams):
        os.dup2(stream, number)
    os.closerange(3, 1024)
    os.chdir(wanted.folder)
    os.environ.clear()
    os.environb.update(wanted.environment)
    gc.set_threshold(*_COLLECTED_AFTER)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdin, sys.stdout, sys.stderr = (
        io.TextIOWrapper(
            open(number, mode, closefd=False),  # noqa: SIM115 -- a number, and lives on
            encoding="utf-8",
            errors=errors,
            line_buffering=number == 2 or os.isatty(number),
        )
        for number, mode, errors in (
            (0, "rb", "surrogateescape"),
            (1, "wb", "surrogateescape"),
            (2, "wb", "backslashreplace"),
        )
    )
    module, _, function = wanted.entry.partition(":")
    sys.argv = [module, *wanted.words]
    code = 0
    try:
        result = getattr(importlib.import_module(module), function)()
        code = result if isinstance(result, int) else 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 -- as the interpreter does
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    save()
    os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
