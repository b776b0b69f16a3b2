"""Represents a program that a warm server runs: its arguments, environment, streams and signals.

`python -I -S warm_start.py SOCKET ENTRY WORDS...`; it ends when the program does.
"""

from __future__ import annotations

# `os`, `signal` and `socket` take as long to import as the interpreter takes to start.
import _signal  # type: ignore[import-not-found]  # built in, as all here, and without stubs
import _socket
import marshal
import posix
import sys

FORWARDED = (_signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP)


def _start() -> int:
    """Hand everything over and wait; the program's status as `wait(2)` gives it."""
    path, entry, *words = sys.argv[1:]
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    server.connect(path)
    for number in FORWARDED:
        _signal.signal(number, lambda received, _: server.send(bytes((received,))))
    wanted = marshal.dumps((entry, words, posix.getcwd(), posix.environ))
    streams = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)
    server.sendmsg([len(wanted).to_bytes(4, "big")], [rights])
    server.sendall(wanted)
    status = b""
    while len(status) < 4:
        piece = server.recv(4)
        if not piece:
            posix._exit(70)  # the server is gone
        status += piece
    return int.from_bytes(status, "big")


if __name__ == "__main__":
    code = posix.waitstatus_to_exitcode(_start())
    if code < 0:
        if -code not in (_signal.SIGKILL, _signal.SIGSTOP):  # which have no handler
            _signal.signal(-code, _signal.SIG_DFL)
        posix.kill(posix.getpid(), -code)
    posix._exit(code)
