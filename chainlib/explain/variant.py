"""One row of the table of steps: which evidence it fits, and what to do then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chainlib.explain.values import Where

ANY = "*"
CHECK = "Reload the server, then check again."
MINUTES = "Check again; the update takes some minutes."


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Steps for one kind of evidence.

    Attributes:
        when: evidence key -> its value as text, or `ANY`.
        steps: templates in the style of `str.format`, with evidence keys as names.
        where: who must act, `None` for the catalogue's word.
    """

    when: Mapping[str, str]
    steps: tuple[str, ...]
    where: Where | None = None

    def holds(self, facts: Mapping[str, str]) -> bool:
        """Whether the evidence says what this row asks for."""
        return all(
            facts.get(key) and wanted in {ANY, facts[key]} for key, wanted in self.when.items()
        )


def of_kind(kind: str, *steps: str, where: Where | None = None, **also: str) -> Variant:
    """Steps for evidence of this kind, and whatever else it must say."""
    return Variant(when={"kind": kind, **also}, steps=steps, where=where)
