"""The PROXY protocol header that a layer-4 setting with client IP preservation sends first.

Version 1, in text, as Microsoft documents it for Application Gateway:
https://learn.microsoft.com/azure/application-gateway/proxy-protocol-header
The format is https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt section 2.1.
"""

from __future__ import annotations

from collections.abc import Sequence

_UNKNOWN = b"PROXY UNKNOWN\r\n"
_WITH_PORT = 2


def proxy_header(ends: tuple[object, object]) -> bytes:
    """The header for this connection.

    Args:
        ends: socket addresses of our end and of the peer's, as the socket returns them; for
            anything else the header says that the addresses are unknown.
    """
    source, destination = ends
    if not (_is_address(source) and _is_address(destination)):
        return _UNKNOWN
    assert isinstance(source, Sequence)
    assert isinstance(destination, Sequence)
    family = "TCP6" if ":" in source[0] else "TCP4"
    # A link-local address may have a zone (%eth0), which the header cannot contain.
    hosts = (str(end[0]).partition("%")[0] for end in (source, destination))
    return f"PROXY {family} {' '.join(hosts)} {source[1]} {destination[1]}\r\n".encode("ascii")


def _is_address(end: object) -> bool:
    return isinstance(end, tuple) and len(end) >= _WITH_PORT and isinstance(end[0], str)
