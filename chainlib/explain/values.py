"""The values of explanations: who must act, catalogue entries, fixes, the whole explanation."""

from __future__ import annotations

from enum import StrEnum

from chainlib.findings import Basis, Code
from chainlib.frozen import dataclass


class Where(StrEnum):
    """Where the fix is made, which decides who must act."""

    SERVER = "server"
    GATEWAY = "gateway"
    NETWORK = "network"
    DNS = "dns"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """Everything that is known about a code without evidence.

    Attributes:
        code: the key.
        title: at most 60 characters, no full stop.
        cause: one plain sentence.
        gateway_message: the text that Azure prints for it; `None` if unknown.
        where: who must act.
        steps: what to do, in order.
        reference: a public page that supports the rule.
        basis: why the rule is believed.
    """

    code: Code
    title: str
    cause: str
    gateway_message: str | None
    where: Where
    steps: tuple[str, ...]
    reference: str
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """What to do about one finding.

    `steps` contain names from the evidence, which is hostile text.
    """

    where: Where
    steps: tuple[str, ...]
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A verdict in words for users.

    Attributes:
        code: the headline.
        title: at most 60 characters.
        cause: one sentence with the names of this case; contains hostile text.
        gateway_message: what Azure prints for the headline; `None` if unknown.
        where: who must act.
        steps: the headline's steps.
        reference: a public page.
        fixes: one for each finding of the verdict, in the same order.
    """

    code: Code
    title: str
    cause: str
    gateway_message: str | None
    where: Where
    steps: tuple[str, ...]
    reference: str
    fixes: tuple[Fix, ...]
