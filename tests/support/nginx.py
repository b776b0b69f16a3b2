"""nginx as a substitute for the gateway.

One process serves broken backends and verifies them, each on its own loopback port.
"""

from __future__ import annotations

import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from playground.lab.pki import Issued
from playground.process import free_ports
from tests.support.waiting import LIMIT_S

NGINX = shutil.which("nginx")
START_TIMEOUT_S = 60.0
BAD_GATEWAY = 502

_CONFIG = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
{servers}
}}
"""
_BACKEND = """
  server {{ listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/{name}.pem; ssl_certificate_key {folder}/{name}.key;
    location / {{ return 200 "ok"; }} }}
"""
_GATEWAY = """
  server {{ listen 127.0.0.1:{port};
    location / {{ proxy_pass https://127.0.0.1:{backend};
      proxy_ssl_verify on; proxy_ssl_verify_depth 4; proxy_ssl_server_name on;
      proxy_ssl_name {host}; proxy_ssl_trusted_certificate {folder}/{name}.roots; }} }}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A backend that sends `chain` with its leaf's key, judged for `host` with `roots`."""

    chain: tuple[Issued, ...]
    roots: tuple[Issued, ...]
    host: str


@contextmanager
def gateway(setups: Mapping[str, Setup], folder: Path) -> Iterator[dict[str, int]]:
    """Run nginx over the setups; yields the gateway's port for each name."""
    free = iter(free_ports(2 * len(setups)))
    ports = {name: (next(free), next(free)) for name in setups}
    servers = "".join(_write(name, setup, folder, *ports[name]) for name, setup in setups.items())
    (folder / "nginx.conf").write_text(_CONFIG.format(folder=folder, servers=servers))
    assert NGINX is not None
    with subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf"), "-p", str(folder)]) as process:  # noqa: S603 -- the program found on PATH
        try:
            _wait_for(next(iter(ports.values()))[0])
            yield {name: front for name, (_, front) in ports.items()}
        finally:
            process.terminate()


def _write(name: str, setup: Setup, folder: Path, backend: int, front: int) -> str:
    (folder / f"{name}.pem").write_bytes(b"".join(c.pem for c in setup.chain))
    (folder / f"{name}.key").write_bytes(setup.chain[0].key_pem)
    (folder / f"{name}.roots").write_bytes(b"".join(c.pem for c in setup.roots))
    shared = {"folder": folder, "name": name}
    return _BACKEND.format(port=backend, **shared) + _GATEWAY.format(
        port=front, backend=backend, host=setup.host, **shared
    )


def _wait_for(port: int) -> None:
    for _ in range(3000):
        try:
            ssl.get_server_certificate(("127.0.0.1", port), timeout=START_TIMEOUT_S)
        except OSError:
            time.sleep(0.02)  # time: asks again and again, for a minute
        else:
            return
    raise TimeoutError("nginx did not start")


def accepts(port: int) -> bool:
    """Whether the gateway passes a request through (200) rather than answering 502."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/", timeout=LIMIT_S) as answer:
            return bool(answer.status == 200)
    except HTTPError as error:
        error.close()
        if error.code != BAD_GATEWAY:
            raise
        return False
