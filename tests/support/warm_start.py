"""Represents a program that a warm server runs: its arguments, environment, streams and signals.

`python -I -S warm_start.py SOCKET ENTRY WORDS...`; it ends when the program does.
"""

from __future__ import annotations

import marshal
import os
import signal
import socket
import sys

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def _start() -> int:
    """Hand everything over and wait; the program's status as `wait(2)` gives it."""
    path, entry, *words = sys.argv[1:]
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.connect(path)
    for number in FORWARDED:
        signal.signal(number, lambda received, _: server.send(bytes((received,))))
    wanted = marshal.dumps((entry, words, os.getcwd(), dict(os.environ)))  # noqa: PTH109 -- pathlib takes longer than all else
    socket.send_fds(server, [len(wanted).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(wanted)
    status = b""
    while len(status) < 4:
        piece = server.recv(4)
        if not piece:
            os._exit(70)  # the server is gone
        status += piece
    return int.from_bytes(status, "big")


if __name__ == "__main__":
    code = os.waitstatus_to_exitcode(_start())
    if code < 0:
        if -code not in (signal.SIGKILL, signal.SIGSTOP):  # which have no handler
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
