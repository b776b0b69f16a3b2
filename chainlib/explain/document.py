"""Writes docs/findings.md, and the part of each finding's page that the catalogue contains.

`python -m chainlib.explain.document > docs/findings.md`. `playground.finding_pages` adds the rest
of a page (commands by kind of server, the lab).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from chainlib.explain.catalogue import CATALOGUE
from chainlib.explain.values import CatalogueEntry, Where
from chainlib.findings import Basis, Code

_HEAD = """# Findings

Every code that a check can report, each with a page: what the gateway says, what it means, how to
fix it, and how to see it without a gateway. The order is that in which the headline is chosen.

- You have a code from a card: find it in the first table.
- You have a message from the portal: find its beginning in the
  [second one](#by-azures-message), or post it in
  Slack and choose *Diagnose this 502* in its menu, or write in a terminal
  `echo '{"text": "THE MESSAGE"}' | appgw explain-message --json`.

Generated from the catalogue in `chainlib/explain/` by `make findings`; edit the catalogue, not this
file.

## By code
"""
_MESSAGES = """
## By Azure's message

The texts change from year to year and are translated; these are the editions of today.
"""
_BASIS = {
    Basis.DOCUMENTED: "documented by Microsoft",
    Basis.OPENSSL: "refused by OpenSSL, the library under the gateway",
    Basis.REPORTED: "reported by users",
    Basis.INFERRED: "inferred: no gateway could be observed",
    Basis.GATEWAY: "said by the gateway itself",
}
WHERE = {
    Where.SERVER: "on the server",
    Where.GATEWAY: "on the gateway",
    Where.NETWORK: "in the network",
    Where.DNS: "in DNS",
}
"""Where a fix is made, in words."""
_SHOWN = 90


def document() -> str:
    """The index: a table by code, and one by Azure's message."""
    entries = CATALOGUE.values()
    codes = (f"| {_link(e.code)} | {e.title} | {_place(e)} |" for e in entries)
    messages = sorted((_beginning(e.gateway_message), e.code) for e in entries if e.gateway_message)
    texts = (f"| {text} | {_link(code)} |" for text, code in messages)
    return "\n".join(
        (
            _HEAD,
            "| code | what is wrong | fixed |\n|---|---|---|",
            *codes,
            _MESSAGES,
            "| the message begins | code |\n|---|---|",
            *texts,
            "",
        )
    )


def _place(entry: CatalogueEntry) -> str:
    return WHERE[entry.where] if entry.code is not Code.OK else "nothing to fix"


def _link(code: Code) -> str:
    return f"[`{code}`](findings/{code}.md)"


def _beginning(message: str) -> str:
    if len(message) <= _SHOWN:
        return message
    return message[:_SHOWN].rsplit(" ", maxsplit=1)[0] + " …"


def opening(entry: CatalogueEntry) -> Iterator[str]:
    """The beginning of a finding's page: what is wrong, who must act, what the gateway says."""
    yield f"# {entry.title}\n"
    yield f"`{entry.code}`: {entry.cause}\n"
    if entry.code is not Code.OK:
        yield f"**Fixed {WHERE[entry.where]}.**\n"
    yield "## What the gateway says\n"
    if entry.gateway_message:
        yield f"> {entry.gateway_message}\n"
    else:
        yield "Azure has no message of its own for this.\n"


def steps(entry: CatalogueEntry) -> Iterator[str]:
    """The catalogue's steps."""
    yield "## How to fix it\n"
    yield from (f"{number}. {step}" for number, step in enumerate(entry.steps, start=1))


def belief(entry: CatalogueEntry) -> Iterator[str]:
    """Why the rule is believed, with its source."""
    yield "\n## Why this is believed\n"
    yield f"It is {_BASIS[entry.basis]}: <{entry.reference}>\n"


if __name__ == "__main__":
    sys.stdout.write(document())
