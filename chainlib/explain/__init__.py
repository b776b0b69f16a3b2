"""Explains a verdict: the cause in one sentence, Azure's message, who must act, the steps."""

from __future__ import annotations

from chainlib.explain.catalogue import CATALOGUE
from chainlib.explain.openssl_codes import openssl_sentence
from chainlib.explain.pages import finding_page
from chainlib.explain.values import CatalogueEntry, Explanation, Fix, Where
from chainlib.findings import Verdict

__all__ = [
    "CATALOGUE",
    "CatalogueEntry",
    "Explanation",
    "Fix",
    "Where",
    "explain",
    "finding_page",
    "openssl_sentence",
]


def explain(verdict: Verdict) -> Explanation:
    """Explain a verdict: cause, Azure's message, who must act, the steps.

    There is one fix for each finding.
    """
    if verdict.findings:
        from chainlib.explain.fixes import explain_findings  # noqa: PLC0415 -- the tables of steps are only needed for findings

        return explain_findings(verdict)
    entry = CATALOGUE[verdict.headline]
    return Explanation(
        code=entry.code,
        title=entry.title,
        cause=verdict.in_order or entry.cause,
        gateway_message=entry.gateway_message,
        where=entry.where,
        steps=entry.steps,
        reference=entry.reference,
        fixes=(),
    )
