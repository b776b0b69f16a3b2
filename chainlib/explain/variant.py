"""One row of the tables of steps: the evidence that it applies to, and its steps."""

from __future__ import annotations

from collections.abc import Mapping

from chainlib.explain.values import Where
from chainlib.frozen import dataclass

ANY = "*"
CHECK = "Reload the server, then check again."
MINUTES = "Check again; the update takes some minutes."


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Steps for certain evidence.

    Attributes:
        when: evidence key -> its value as text, or `ANY`.
        steps: templates in the style of `str.format`, with evidence keys as names.
        where: who must act; `None` for the catalogue's value.
    """

    when: Mapping[str, str]
    steps: tuple[str, ...]
    where: Where | None = None

    def holds(self, facts: Mapping[str, str]) -> bool:
        """Whether the evidence fulfils every condition of this row."""
        return all(
            facts.get(key) and wanted in {ANY, facts[key]} for key, wanted in self.when.items()
        )


def of_kind(kind: str, *steps: str, where: Where | None = None, **also: str) -> Variant:
    """Steps for evidence of this kind; further conditions may be added."""
    return Variant(when={"kind": kind, **also}, steps=steps, where=where)
