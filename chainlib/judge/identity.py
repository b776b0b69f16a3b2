"""Rules about names: the probe's, live traffic's, and handshakes without SNI.

Source: azure-rules rows 21 to 24.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from chainlib.certificate import Certificate
from chainlib.findings import Basis, Code, Finding, Severity
from chainlib.judge.build import critical, info, warning
from chainlib.judge.case import Case, acts_as_ca
from chainlib.judge.switches import CHAIN_SWITCH_CODES, NAME_SWITCH_CODES
from chainlib.model import PresentedChain, is_ip_literal
from chainlib.names import (
    NameReason,
    is_dns_name,
    is_host_name,
    matches,
    presented_identifiers,
    why_not,
)
from chainlib.policy import GatewayPolicy, Sku
from chainlib.wording import listed, visible

if TYPE_CHECKING:
    from chainlib.judge.default_rows import DefaultCertificate

_SHOWN = 5


def name(case: Case) -> Iterator[Finding]:
    """The leaf must contain the name that the probe requires."""
    wanted = case.policy.name
    if wanted and case.leaf is not None and not name_fits(case.leaf, wanted, case.policy):
        summary, evidence = _summary(case.leaf, wanted), _evidence(case.leaf, wanted)
        evidence |= _generation(case.policy.sku)
        if case.policy.sni_name:
            evidence["sni_name"] = True
        if beside := _carried_beside(case, wanted):
            summary = (
                f"{summary.removesuffix('.')}; certificate {beside} of the list is for it, but the "
                "first server certificate counts."
            )
            evidence["carried_by"] = beside
        yield critical(
            Code.NAME_MISMATCH, summary, Basis.DOCUMENTED, case.position(case.leaf), **evidence
        )


def _carried_beside(case: Case, wanted: str) -> int | None:
    """Position of another leaf in the presented chain that contains the name."""
    others = (c for c in case.unique if c != case.leaf and not acts_as_ca(c))
    found = next((c for c in others if name_fits(c, wanted, case.policy)), None)
    place = None if found is None else case.position(found)
    return None if place is None else place + 1


def name_fits(leaf: Certificate, wanted: str, policy: GatewayPolicy) -> bool:
    """Whether the gateway would accept this leaf for that name."""
    if is_ip_literal(wanted):
        return not policy.strictness.ip_literal_never_matches and wanted in leaf.ip_addresses
    return matches(leaf, wanted)


def live_names(case: Case, chain: PresentedChain) -> Iterator[Finding]:
    """The leaf must contain live traffic's names too.

    Only checked if the probe's name matches, or if the probe's fault hides it.
    """
    if not case.policy.live_names:
        return
    probe_fits = case.leaf is not None and (
        not case.policy.name or name_fits(case.leaf, case.policy.name, case.policy)
    )
    if not probe_fits:
        return
    separately = {live.name for live in chain.live}
    for wanted in case.policy.live_names:
        if (
            wanted not in separately
            and case.leaf is not None
            and not name_fits(case.leaf, wanted, case.policy)
        ):
            yield live_mismatch(case.leaf, wanted, probe=case.policy.name)


def live_mismatch(leaf: Certificate, wanted: str, *, probe: str | None) -> Finding:
    """The finding for a leaf without a name of live traffic; `probe` is the probe's name."""
    fine = "The probe's name fits" if probe else "The probe asks for no name"
    summary = f"{fine}, but live traffic asks for {wanted}: {_summary(leaf, wanted)}"
    return critical(
        Code.LIVE_NAME_MISMATCH,
        summary,
        Basis.INFERRED,
        None,
        kind="name",
        **_evidence(leaf, wanted),
    )


def live_refused(wanted: str, why: str, codes: list[str], *, probe: str | None) -> Finding:
    """The finding for a chain that is only refused for live traffic's name."""
    fine = "The probe's name works" if probe else "The probe, which asks for no name, works"
    summary = f"{fine}, but under live traffic's name {wanted} the server {why}."
    return critical(
        Code.LIVE_NAME_MISMATCH,
        summary,
        Basis.INFERRED,
        None,
        kind="chain",
        name=wanted,
        codes=codes,
    )


def server_name(case: Case, chain: PresentedChain) -> Iterator[Finding]:
    """A handshake without SNI receives the server's default certificate, which may differ."""
    sent = chain.target.server_name
    rehearsed = case.rehearsed and chain.handshake_error is None
    unread = case.policy.anchors.unread and case.policy.name is None
    if (is_ip_literal(case.policy.name or "")) if rehearsed else sent is None and not unread:
        yield no_server_name(case.policy.name, case.policy.sku)
    default = chain.without_server_name
    if sent is not None and default is not None and default != case.certificates:
        subjects = [c.subject for c in default[:1] if isinstance(c, Certificate)]
        summary = "Without a server name this server sends another certificate."
        yield info(
            Code.DEFAULT_CERTIFICATE_DIFFERS,
            summary,
            Basis.INFERRED,
            None,
            subject=next(iter(subjects), None),
        )


def no_server_name(wanted: str | None, sku: Sku) -> Finding:
    """The finding for a handshake without SNI."""
    summary = (
        "The gateway sends no server name here, so the server answers with its default certificate."
    )
    return warning(Code.NO_SNI, summary, Basis.DOCUMENTED, None, name=wanted, **_generation(sku))


def _generation(sku: Sku) -> dict[str, object]:
    """Marks what a v1 gateway refuses: it takes the name from the pool."""
    return {"sku": sku.value} if sku is Sku.V1 else {}


def with_default_certificate(
    case: Case, found: Iterable[Finding], server_name: str | None
) -> Iterator[Finding]:
    """Findings about a product's default certificate name the product.

    Its name, issuer and dates are then no faults of their own: nothing is configured on the server
    for the requested name.
    """
    wrong = tuple(found)
    concerned = {f.code for f in wrong if f.severity is Severity.CRITICAL} & _ABOUT_THE_LEAF
    row = _default_that_answers(case) if concerned else None
    for finding in wrong:
        if row is None or not _concerns_the_default(finding, row):
            yield finding
            continue
        summary = (
            f"{finding.summary.removesuffix('.')}; the server's certificate is the default one of "
            f"{row.product}."
        )
        evidence = dict(finding.evidence) | _default_evidence(server_name or case.policy.name, row)
        yield replace(finding, summary=summary, evidence=evidence)


def _default_that_answers(case: Case) -> DefaultCertificate | None:
    """The default certificate that was sent because the requested name is not configured.

    Not one that contains the name, because appliances make theirs for their own host; and not one
    in a file judged without a name, which says nothing about a server.
    """
    wanted = case.policy.name
    if case.leaf is None or (case.rehearsed and not wanted):
        return None
    if wanted is not None and name_fits(case.leaf, wanted, case.policy):
        return None
    from chainlib.judge.default_certificates import default_of  # noqa: PLC0415 -- the tables are read where the name does not fit

    return default_of(case.leaf)


def _concerns_the_default(finding: Finding, row: DefaultCertificate) -> bool:
    """Whether the finding follows from the default certificate.

    A platform's certificate is valid in itself: only its name is wrong.
    """
    codes = NAME_SWITCH_CODES if row.of_platform else _ABOUT_THE_LEAF
    return finding.code in codes and finding.severity is Severity.CRITICAL


def _default_evidence(sent: str | None, row: DefaultCertificate) -> dict[str, str]:
    asked = {"asked": sent} if sent and is_dns_name(sent) else {}
    return {
        "default_of": row.product,
        "default_kind": row.kind.value,
        "default_source": row.source,
    } | asked


_ABOUT_THE_LEAF = (CHAIN_SWITCH_CODES | NAME_SWITCH_CODES) - {
    Code.LEAF_MISSING,
    Code.CHAIN_OUT_OF_ORDER,
    Code.ROOT_NOT_ATTACHED,
    Code.UPLOADED_ROOT_UNUSABLE,
}
_SENTENCES: Mapping[NameReason, str] = MappingProxyType(
    {
        NameReason.IP_ADDRESS: (
            "The gateway asks for {wanted}, an IP address, which no certificate name matches."
        ),
        NameReason.NO_NAME: "The certificate is for no name at all, not for {wanted}.",
        NameReason.ONE_LABEL: (
            "The certificate is for {names}, not for {wanted}: a wildcard covers exactly one label."
        ),
        NameReason.BARE_DOMAIN: (
            "The certificate is for {names}, not for {wanted}: a wildcard does not cover the "
            "domain "
            "itself."
        ),
        NameReason.UNDERSCORE: (
            "The certificate is for {names}, not for {wanted}: OpenSSL lets a wildcard cover no "
            "underscore, although browsers do."
        ),
        NameReason.TRAILING_DOT: (
            "The certificate carries {shown} with a dot at its end, which OpenSSL does not take "
            "for {wanted}."
        ),
        NameReason.URL: (
            "The certificate carries {shown}, a URL or path where a host name belongs, so it is "
            "not for {wanted}."
        ),
        NameReason.EMAIL: (
            "The certificate carries {shown}, an e-mail address where a host name belongs, so it "
            "is not for {wanted}."
        ),
        NameReason.ODD_CHARACTER: (
            "The certificate carries {shown}, with a character that no host name has, so it is not "
            "for {wanted}."
        ),
        NameReason.UNICODE: (
            "The certificate carries {shown} in Unicode; what counts is its A-label, {wanted}."
        ),
        NameReason.PATTERN: (
            "The certificate carries {shown}, a pattern that OpenSSL does not take for a wildcard, "
            "so it is not for {wanted}."
        ),
        NameReason.COMMON_NAME: (
            "The certificate names {wanted} as its common name only, which does not count beside "
            "the names of its SAN ({names})."
        ),
    }
)
_OTHER_NAMES = "The certificate is for {names}, not for {wanted}."


def _summary(leaf: Certificate, wanted: str) -> str:
    reason, shown = why_not(leaf, wanted) or (None, "")
    sentence = _SENTENCES[reason] if reason else _OTHER_NAMES
    names = [visible(name) for name in presented_identifiers(leaf)]
    return sentence.format(
        wanted=visible(wanted), shown=visible(shown), names=listed(names, shown=_SHOWN)
    )


def _evidence(leaf: Certificate, wanted: str) -> dict[str, object]:
    names = presented_identifiers(leaf)
    reason, shown = why_not(leaf, wanted) or (None, "")
    asked = wanted.removesuffix(".")
    facts: dict[str, object] = {
        "name": wanted,
        "presented_names": [visible(name) for name in names],
        "host_names": [name for name in names if is_host_name(name) and name.lower() != asked],
    }
    why = {"reason": reason.value, "shown": visible(shown)} if reason else {}
    # What a CA can be asked to certify: not an address or a pattern.
    new_name = {"new_name": asked} if is_dns_name(asked) else {}
    return facts | why | new_name
