"""The type of recipes for backends, and the authorities that they use; `catalogue` lists them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chainlib import Certificate, Code, HttpProbeRule
from playground.lab.authority import Authority
from playground.lab.peers import LoopbackServer

DOMAIN: Final = "lab.contoso.test"
Roots = tuple[tuple[str, Certificate], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The authorities that a recipe can use.

    Attributes:
        contoso: the authority whose root the gateway trusts.
        northwind: an authority whose root is on no gateway.
        fabrikam: an authority whose root is on the gateway without being attached to a setting.
    """

    contoso: Authority
    northwind: Authority
    fabrikam: Authority

    @property
    def trusted(self) -> Roots:
        """The trusted roots of a setting, unless its recipe has others."""
        return (("contoso-root-g2", self.contoso.root.certificate),)


Start = Callable[[World, str], LoopbackServer | None]
Given = Callable[[World], Roots]


def contoso_root(world: World) -> Roots:
    """The right root."""
    return world.trusted


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendRecipe:
    """How to make one backend.

    Attributes:
        name: short, unique, of letters and dashes; it is the setting's name and the first label of
            the host name.
        description: the fault in one line for users.
        expected: the headline of the verdict.
        start: starts the server for a host name; `None` leaves the port closed.
        roots: the trusted roots of its setting; none means the well-known CAs.
        rule: the health probe, `None` for the default one.
        live_name: live traffic's name, if it differs from the probe's.
        validate_chain, validate_name: the setting's two switches.
        also: other expected codes.
    """

    name: str
    description: str
    expected: Code
    start: Start
    roots: Given = contoso_root
    rule: HttpProbeRule | None = None
    live_name: str | None = None
    validate_chain: bool = True
    validate_name: bool = True
    also: tuple[Code, ...] = ()
