"""Functions for recipes: how a backend is started, and what its setting trusts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playground.lab import pki
from playground.lab.authority import DAY, Authority
from playground.lab.peers import Script, ScriptedPeer
from playground.lab.pki import Issued
from playground.lab.recipe import DOMAIN, Roots, Start, World
from playground.lab.servers import Identity, TlsBackend

Chain = Callable[[Authority, Issued], tuple[Issued, ...]]


def serve(
    chain: Chain, *, leaf: dict[str, Any] | None = None, owner: str = "contoso", **server: Any
) -> Start:
    """Starts a TLS backend.

    `chain` makes the presented certificates, `leaf` changes the leaf, `server` the behaviour.
    """

    def start(world: World, host: str) -> TlsBackend:
        authority: Authority = getattr(world, owner)
        changes = {
            key: value(authority) if callable(value) else value
            for key, value in (leaf or {}).items()
        }
        issued = authority.leaf(host, **changes)
        return _tls(chain(authority, issued), issued, **server)

    return start


def _tls(chain: tuple[Issued, ...], leaf: Issued, **server: Any) -> TlsBackend:
    return TlsBackend(chain=[one.certificate for one in chain], key=leaf.key, **server)


def full(authority: Authority, leaf: Issued) -> tuple[Issued, ...]:
    """Leaf and both intermediates in order, without the root: the correct chain."""
    return leaf, authority.issuing, authority.upper


def right(world: World, host: str) -> TlsBackend:
    """A server with the whole chain of the authority that the gateway trusts, answering 200."""
    issued = world.contoso.leaf(host)
    return _tls(full(world.contoso, issued), issued)


def talk(script: Script) -> Start:
    """Starts a peer without TLS."""
    return lambda _world, _host: ScriptedPeer(script)


def self_signed(world: World, host: str) -> TlsBackend:
    """A self-signed certificate that is no CA."""
    issued = pki.leaf(
        None, host, not_before=world.contoso.now - 21 * DAY, not_after=world.contoso.now + 344 * DAY
    )
    return _tls((issued,), issued)


def other_default(world: World, host: str) -> TlsBackend:
    """The right chain for its own name, another certificate for all other names and none."""
    right, other = world.contoso.leaf(host), world.contoso.leaf(f"default.{DOMAIN}")
    named = Identity(chain=[one.certificate for one in full(world.contoso, right)], key=right.key)
    return _tls(full(world.contoso, other), other, alternatives={host: named})


def issuing_only(world: World) -> Roots:
    """An intermediate uploaded in place of the root."""
    return (("northwind-issuing-ca-3", world.northwind.issuing.certificate),)


def reissued(world: World) -> Roots:
    """The same root in another edition."""
    return (("contoso-root-2039", world.contoso.reissued_root().certificate),)


def nothing(_world: World) -> Roots:
    """No uploaded root: the gateway trusts well-known CAs."""
    return ()
