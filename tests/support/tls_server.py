"""Servers for the capture tests.

`playground.lab.servers` and `playground.lab.peers` have the general ones; `raw_tls` has those that
no TLS library can imitate.
"""

from __future__ import annotations

from chainlib import Target
from playground.lab import pki
from playground.lab.peers import LoopbackServer
from playground.lab.pki import Issued
from playground.lab.servers import HttpHandler, Identity, TlsBackend, TlsSettings

NAME = "backend.contoso.com"


class Estate:
    """One private CA: a root, an intermediate, a leaf for `NAME`."""

    def __init__(self) -> None:
        self.root = pki.root()
        self.intermediate = pki.intermediate(self.root)
        self.leaf = pki.leaf(self.intermediate, NAME)
        self.chain = (self.leaf.certificate, self.intermediate.certificate)

    def backend(
        self,
        *,
        tls: TlsSettings | None = None,
        http: HttpHandler | None = None,
        other: Issued | None = None,
    ) -> TlsBackend:
        """A backend with the complete chain, and another leaf for the name `other`."""
        others = {"other": Identity(chain=[other.certificate], key=other.key)} if other else {}
        return TlsBackend(
            chain=self.chain, key=self.leaf.key, tls=tls, http=http, alternatives=others
        )


def target(server: LoopbackServer, server_name: str | None = NAME) -> Target:
    """The server as a target, reached by its address."""
    return Target(host=NAME, port=server.port, server_name=server_name, address=server.host)
