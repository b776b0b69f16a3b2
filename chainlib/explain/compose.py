"""From a verdict to an explanation.

The catalogue's entry of the headline, filled in with the evidence of its finding.
"""

from __future__ import annotations

from chainlib.explain.catalogue import CATALOGUE
from chainlib.explain.values import Explanation
from chainlib.findings import Verdict


def explain(verdict: Verdict) -> Explanation:
    """Say in words what a verdict means: cause, Azure's message, who must act, the steps.

    One fix for each finding.
    """
    if verdict.findings:
        from chainlib.explain.fixes import explain_findings  # noqa: PLC0415 -- all the steps, where something was found

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
