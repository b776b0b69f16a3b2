"""Rules about names.

The probe's, live traffic's, and handshakes without server_name (azure-rules rows 21 to 24).
"""

from __future__ import annotations

from collections.abc import Iterator

from chainlib.certificate import Certificate
from chainlib.findings import Basis, Code, Finding
from chainlib.judge.build import critical, info, warning
from chainlib.judge.case import Case
from chainlib.model import is_ip_literal
from chainlib.names import matches, presented_identifiers
from chainlib.policy import GatewayPolicy

_SHOWN = 5


def name(case: Case) -> Iterator[Finding]:
    """The leaf carries the name that the probe asks for."""
    wanted = case.policy.name
    if wanted and case.leaf is not None and not name_fits(case.leaf, wanted, case.policy):
        summary = _summary(case.leaf, wanted)
        yield critical(
            Code.NAME_MISMATCH,
            summary,
            Basis.DOCUMENTED,
            case.position(case.leaf),
            **_evidence(case.leaf, wanted),
        )


def name_fits(leaf: Certificate, wanted: str, policy: GatewayPolicy) -> bool:
    """Whether the gateway would take this leaf for that name."""
    if is_ip_literal(wanted):
        return not policy.strictness.ip_literal_never_matches and wanted in leaf.ip_addresses
    return matches(leaf, wanted)


def live_names(case: Case) -> Iterator[Finding]:
    """The leaf carries live traffic's names too.

    Only looked at where the probe's name fits, or the probe's fault hides it.
    """
    probe_fits = case.leaf is not None and (
        not case.policy.name or name_fits(case.leaf, case.policy.name, case.policy)
    )
    if not probe_fits:
        return
    separately = {live.name for live in case.chain.live}
    for wanted in case.policy.live_names:
        if (
            wanted not in separately
            and case.leaf is not None
            and not name_fits(case.leaf, wanted, case.policy)
        ):
            yield live_mismatch(case.leaf, wanted)


def live_mismatch(leaf: Certificate, wanted: str) -> Finding:
    """The finding for a leaf that does not carry a name of live traffic."""
    summary = f"The probe's name fits, but live traffic asks for {wanted}: {_summary(leaf, wanted)}"
    return critical(
        Code.LIVE_NAME_MISMATCH,
        summary,
        Basis.INFERRED,
        None,
        kind="name",
        **_evidence(leaf, wanted),
    )


def live_refused(wanted: str, why: str, codes: list[str]) -> Finding:
    """The finding for a chain that is refused under live traffic's name only."""
    summary = f"The probe's name works, but under live traffic's name {wanted} the server {why}."
    return critical(
        Code.LIVE_NAME_MISMATCH,
        summary,
        Basis.INFERRED,
        None,
        kind="chain",
        name=wanted,
        codes=codes,
    )


def server_name(case: Case) -> Iterator[Finding]:
    """A handshake without server_name gets the server's default certificate, which may be another one."""
    sent = case.chain.target.server_name
    rehearsed = case.chain.tls is None and case.chain.handshake_error is None
    if (is_ip_literal(case.policy.name or "")) if rehearsed else sent is None:
        summary = (
            "The gateway sends no server name here, so the server answers with its default "
            "certificate."
        )
        yield warning(Code.NO_SNI, summary, Basis.DOCUMENTED, None, name=case.policy.name)
    default = case.chain.without_server_name
    if sent is not None and default is not None and default != case.chain.certificates:
        subjects = [c.subject for c in default[:1] if isinstance(c, Certificate)]
        summary = "Without a server name this server sends another certificate."
        yield info(
            Code.DEFAULT_CERTIFICATE_DIFFERS,
            summary,
            Basis.INFERRED,
            None,
            subject=next(iter(subjects), None),
        )


def _summary(leaf: Certificate, wanted: str) -> str:
    if is_ip_literal(wanted):
        return f"The gateway asks for {wanted}, an IP address, which no certificate name matches."
    names = presented_identifiers(leaf)
    listed = ", ".join(names[:_SHOWN]) + (
        f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    )
    return f"The certificate is for {listed or 'no name at all'}, not for {wanted}."


def _evidence(leaf: Certificate, wanted: str) -> dict[str, object]:
    return {"name": wanted, "presented_names": list(presented_identifiers(leaf))}
