"""The thread under a card: every finding, the presented chain in full, raw evidence, files.

The message keeps to the limits of a card. `appgw-details.txt` always contains everything.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence

from bot.cards.check_card import HEALTH_TEXT_LIMIT
from bot.cards.escaping import clean, inert
from bot.cards.lock_screen import PHRASES, PLACES, phrased, target_name
from bot.cards.missing_issuer import why_not_obtained
from bot.cards.parts import (
    JSON_LIMIT,
    Drawing,
    Message,
    Part,
    Span,
    bold,
    compose,
    json_size,
    say,
    utc,
)
from bot.domain.azure import BackendServer
from bot.domain.report import AddressReport, CheckReport, GatewayReport
from chainlib import (
    Certificate,
    Entry,
    Finding,
    Fix,
    HttpFailure,
    HttpResponse,
    Severity,
    Status,
    UnreadableCertificate,
    counted,
    finding_page,
)
from chainlib.frozen import dataclass

_LONG = 4000
_SHORT = 300
_DASHES = re.compile("--+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file for the thread; it never contains private keys."""

    name: str
    title: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """The message in the thread, and the files attached to it."""

    message: Message
    files: tuple[Attachment, ...]


def details(report: CheckReport) -> Details:
    """Everything that is known from one check."""
    message, complete = _message(report)
    text = (
        ()
        if complete
        else (
            Attachment(
                name="appgw-details.txt",
                title="Everything about this check",
                content=full_text(report),
            ),
        )
    )
    return Details(message=message, files=(*chain_files(report), *text))


def whole_message(said: str) -> Message | None:
    """Azure's message in full for the thread, if the card has no room for it."""
    if len(clean(said, _LONG)) <= HEALTH_TEXT_LIMIT:
        return None
    return compose(
        "Backend health in full", [say(bold("Backend health in full: "), clean(said, _LONG))]
    )


def full_text(report: CheckReport) -> str:
    """Everything as text, without control characters; only extreme lines are shortened."""
    return "\n\n".join(part.plain() for part in _parts(report, _LONG)) + "\n"


def _message(report: CheckReport) -> tuple[Message, bool]:
    """The parts that fit, and whether that is everything, unshortened."""
    parts, uncut = list(_parts(report, _SHORT)), list(_parts(report, _LONG))
    note = say("The rest is in appgw-details.txt, in this thread.")
    budget = JSON_LIMIT - json_size([note.block()]) - 2
    kept = parts[: _count_fitting(parts, budget)]
    complete = kept == uncut
    text = f"Details: {target_name(report)}, {PHRASES[report.verdict.headline]}"
    return compose(text, kept if complete else [*kept, note]), complete


def _count_fitting(parts: Sequence[Part], budget: int) -> int:
    used = 0
    for count, part in enumerate(parts):
        used += json_size([part.block()])
        if used > budget:
            return count
    return len(parts)


def _parts(report: CheckReport, limit: int) -> Iterator[Part]:
    yield say(bold("Understood: "), clean(_understood(report), limit))
    pairs = zip(report.verdict.findings, report.explanation.fixes, strict=False)
    for number, (finding, fix) in enumerate(pairs, 1):
        yield say(*_finding(number, finding, fix, limit))
    if nowhere := why_not_obtained(report):
        yield say(bold("No fullchain.pem: "), clean(nowhere, max(limit, 600)))
    if report.explanation.gateway_message:
        yield say(
            bold("Azure's message for this: "),
            clean(report.explanation.gateway_message, max(limit, 600)),
        )
    yield from _chain(report, limit)
    yield from _connection(report, limit)
    for title, items in (("Assumed", report.request.assumed), ("Not checked", report.not_checked)):
        if items:
            yield say(bold(f"{title}: "), "; ".join(clean(item, limit) for item in items))
    yield say(bold("Learn more: "), finding_page(report.verdict.headline))
    yield say(bold("Source: "), report.explanation.reference)
    yield say(bold("To print or attach: "), "Evidence in the card's menu holds a report page.")


def _understood(report: CheckReport) -> str:
    target, policy = report.request.target, report.request.policy
    said = [
        f"{target.host}:{target.port}",
        f"server name {target.server_name or 'none'}",
        f"must carry {policy.name or 'any name'}",
    ]
    return ", ".join([*said, f"{policy.sku.value} gateway, trust: {policy.trust.value}"])


def _finding(number: int, finding: Finding, fix: Fix, limit: int) -> Iterator[str | Span]:
    yield bold(f"{number}. {finding.severity.value.upper()} {finding.code.value} ")
    yield clean(phrased(finding.summary), limit)
    where = (
        f" Sent certificate {finding.certificate + 1}." if finding.certificate is not None else ""
    )
    yield f"{where} Fix {PLACES[fix.where]}. Basis: {finding.basis.value}."
    if finding.evidence:
        yield "\n"
        yield Span(
            text=clean(
                json.dumps(dict(finding.evidence), default=str, ensure_ascii=False), limit * 2
            ),
            code=True,
        )


def _chain(report: CheckReport, limit: int) -> Iterator[Part]:
    chain = report.chain
    if chain is None or not chain.certificates:
        return
    yield say(bold(f"Sent by {report.addresses[0].address or 'the file'}, in this order:"))
    entries = {entry.position: entry for entry in report.verdict.entries}
    for position, certificate in enumerate(chain.certificates):
        yield Drawing(
            lines=tuple(_certificate(position, certificate, entries.get(position), limit))
        )


def _certificate(
    position: int, sent: Certificate | UnreadableCertificate, entry: Entry | None, limit: int
) -> Iterator[str]:
    known = f"{entry.role.value}, {entry.status.value}" if entry else Status.OK.value
    yield f"{position + 1}  {known}"
    if isinstance(sent, UnreadableCertificate):
        yield f"   unreadable: {clean(sent.reason, limit)}"
        return
    yield f"   subject {clean(sent.subject, limit)}"
    yield f"   issuer  {clean(sent.issuer, limit)}"
    yield f"   valid   {utc(sent.not_before)} to {utc(sent.not_after)}"
    if sent.dns_names:
        yield f"   names   {clean(', '.join(sent.dns_names), limit)}"
    yield f"   sha256  {sent.sha256}"


def _connection(report: CheckReport, limit: int) -> Iterator[Part]:
    for address in report.addresses:
        said = [
            f"{address.address or 'no address'}: {address.verdict.headline.value}",
            *_session(address, limit),
        ]
        yield say(bold("Server "), ", ".join(said))
    if report.timings:
        spent = ", ".join(f"{stage} {spent:.0f} ms" for stage, spent in report.timings.items())
        yield say(bold("Time: "), spent)


def _session(address: AddressReport, limit: int) -> Iterator[str]:
    if address.chain is None:
        return
    tls, http, error = address.chain.tls, address.chain.http, address.chain.handshake_error
    if tls:
        client_certificate = (
            ", client certificate asked for" if tls.client_certificate_requested else ""
        )
        yield f"{tls.version} {tls.cipher}{client_certificate}"
    if error:
        yield f"handshake failed after the certificates were received: {clean(error.detail, limit)}"
    if isinstance(http, HttpResponse):
        yield f"HTTP {http.status} {clean(http.reason, 60)}".rstrip()
    if isinstance(http, HttpFailure):
        yield f"no HTTP answer: {clean(http.detail, limit)}"


def chain_files(report: CheckReport) -> Iterator[Attachment]:
    """The corrected chain, the root if the gateway lacks it, and the presented chain."""
    if report.repair and report.repair.chain:
        corrected = "".join(_pem(certificate) for certificate in report.repair.chain)
        yield Attachment(
            name="fullchain.pem",
            title="Corrected chain: install this on the server",
            content=corrected,
        )
    if report.repair and report.repair.root_pem and not _is_on_gateway(report):
        # without a comment line, because the gateway gets the bytes of the file
        yield Attachment(
            name="root.cer",
            title="Root that the gateway should trust",
            content=report.repair.root_pem,
        )
    if report.chain and report.chain.certificates:
        as_sent = "".join(_pem(certificate) for certificate in report.chain.certificates)
        yield Attachment(
            name="as-sent.pem", title="The chain as the server sent it", content=as_sent
        )


def _is_on_gateway(report: CheckReport) -> bool:
    """Whether the root is on this gateway and only needs to be attached."""
    lying = report.request.policy.unattached
    return report.repair is not None and any(
        one.certificate == report.repair.root and not one.on_other_gateway for one in lying
    )


def _pem(certificate: Certificate | UnreadableCertificate) -> str:
    """One PEM block under a comment with its name.

    A certificate that cannot be parsed keeps its bytes.
    """
    subject = (
        certificate.subject
        if isinstance(certificate, Certificate)
        else "a certificate that cannot be read"
    )
    name = _DASHES.sub("-", inert(clean(subject, _SHORT)))  # a name must not begin a PEM block
    body = base64.b64encode(certificate.der).decode()
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join(
        (f"# {name}", "-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", "")
    )


def member_details(report: GatewayReport) -> str:
    """Every member with probe and backend health, as text for a file in the thread."""
    lines = [
        f"gateway {clean(report.gateway.id.name, 120)}, {counted(len(report.members), 'server')}"
    ]
    lines += [clean(report.typed_text, 300)] if report.typed_text else []
    for member in report.members:
        said = f"; gateway: {_health_shown(member.server)}" if member.server else ""
        lines.append(
            f"- {clean(member.pool)}/{clean(member.setting)} {clean(member.member)}: "
            f"{member.headline.value}{said}"
        )
        lines += map(_finding_line, member.findings)
        lines += [f"    - {clean(member.skipped)}"] if member.skipped else []
    return "\n".join(lines) + "\n"


def _health_shown(server: BackendServer) -> str:
    message = clean(server.message.text, 300) if server.message else "no reason"
    return f"{server.health.value}, {message}"


def _finding_line(finding: Finding) -> str:
    mark = "X" if finding.severity is Severity.CRITICAL else "!"
    return f"    {mark} {finding.code.value}: {clean(phrased(finding.summary), 300)}"
