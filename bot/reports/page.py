"""The report of a check as one self-contained HTML page to print or attach to a ticket. Pure.

It has no script and loads nothing (a content security policy in the page enforces both). Text from
certificates, servers and Azure reaches the markup only through `escaped`, which a test checks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from html import escape

from bot.cards.lock_screen import PHRASES, PLACES, SHAPES, grade, phrased
from bot.domain.azure import BackendServer
from bot.domain.report import AddressReport, CheckReport, GatewayReport
from bot.reports.evidence import pem
from bot.reports.svg import chain_svg, dates_svg, escaped, joined
from chainlib import (
    Certificate,
    Entry,
    Finding,
    Fix,
    HttpFailure,
    HttpResponse,
    Severity,
    UnreadableCertificate,
    dump_bundle,
)

_LONG = 800
_MAX_SERVERS = 200
_STYLE = """
:root{color-scheme:light dark;--ink:#1d1c1d;--paper:#fff;--soft:#5b5b60;--line:#c9c9ce;
  --bad:#b00020;--doubt:#7a4b00;--good:#0b6b3a}
@media (prefers-color-scheme:dark){:root{--ink:#eceaf0;--paper:#1a1d21;--soft:#b3b2b8;
  --line:#4a4d52;--bad:#ff8a8f;--doubt:#f2c166;--good:#6fd39b}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:50rem;font:16px/1.45 system-ui,sans-serif;
  color:var(--ink);background:var(--paper);overflow-wrap:anywhere}
h1{font-size:1.35rem;margin:.2rem 0}
h2{font-size:1.1rem;margin:1.6rem 0 .4rem;border-bottom:1px solid var(--line)}
.verdict{font-weight:700}
.FAIL,.critical h3{color:var(--bad)}
.WARN,.warning h3{color:var(--doubt)}
.OK{color:var(--good)}
.soft,footer{color:var(--soft);font-size:.88rem}
table{border-collapse:collapse;width:100%}
th,td{border:1px solid var(--line);padding:.3rem .5rem;text-align:left;vertical-align:top}
pre{white-space:pre-wrap;border:1px solid var(--line);padding:.5rem;font-size:.8rem}
svg{width:100%;height:auto;font:13px ui-monospace,monospace}
svg text{fill:var(--ink)}
svg .box{fill:none;stroke:var(--ink)}
svg .box.bad{stroke:var(--bad);stroke-width:2}
svg .box.doubt{stroke:var(--doubt);stroke-width:2}
svg .gap{stroke-dasharray:6 4}
svg .wire,svg .tick{stroke:var(--line)}
svg text.label,svg text.year{fill:var(--soft)}
svg text.year{text-anchor:middle}
svg text.bad{fill:var(--bad);font-weight:700}
svg text.doubt{fill:var(--doubt);font-weight:700}
svg .bar.plain{fill:var(--good)}
svg .bar.bad{fill:var(--bad)}
svg .now{stroke:var(--ink);stroke-width:2;stroke-dasharray:3 3}
svg text.dates{text-anchor:end;fill:var(--soft)}
article{border-left:4px solid var(--line);padding:.1rem .8rem;margin:.8rem 0;break-inside:avoid}
article.critical{border-color:var(--bad)}
article.warning{border-color:var(--doubt)}
article h3{margin:.2rem 0;font-size:1rem}
td:first-child{min-width:7rem}td:first-child:empty,.number td:first-child{min-width:0}
@media print{body{max-width:none;font-size:11pt}
h2{break-after:avoid}
svg,table{break-inside:avoid}
""".strip()


def report_page(
    report: CheckReport,
    *,
    run_id: str = "",
    probe_origin: str = "this machine",
    gateway: GatewayReport | None = None,
) -> str:
    """The page about one backend.

    Args:
        report: our probe; its findings may include those of backend health.
        run_id: the ID of the run in the log; empty in a terminal.
        probe_origin: the machine that probed.
        gateway: the gateway that uses the backend, with backend health if it was read.
    """
    host = f"{report.request.target.host}:{report.request.target.port}"
    body = joined(
        [
            _head(report, host, run_id, probe_origin),
            _section("The chain", chain_svg(report)),
            _section("Dates", _dates(report)),
            _section("Probe", _probe(report)),
            _section("Backend health", _health(report, gateway)),
            _section("What to do", joined(list(_findings(report)))),
            _section("Corrected chain", _repair(report)),
            _section("Certificates as sent", _certificates(report)),
            _section("Assumed and not checked", _unseen(report)),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(f'{host}: {PHRASES[report.verdict.headline]}')}</title>\n"
        f"<style>{_STYLE}</style></head><body>\n<main>\n{body}\n</main>\n"
        "<footer>Made by appgw-check. Public parts only: no private key is in this file.</footer>\n"
        "</body></html>\n"
    )


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>\n{body}\n</section>" if body else ""


def _head(report: CheckReport, host: str, run_id: str, probe_origin: str) -> str:
    word = grade(report.verdict)
    run = f", run {run_id}" if run_id else ""
    said = f"{_instant(report.verdict.at)}, from {probe_origin}{run}. {_understood(report)}"
    browser = f"<p>Browser: {escaped(report.browser.why, 600)}</p>" if report.browser else ""
    azure = report.explanation.gateway_message
    prints = f"<p>Azure's message for this: <q>{escaped(azure, _LONG)}</q></p>" if azure else ""
    return joined(
        [
            f'<p class="verdict {word}">{SHAPES[word]} {word}</p>',
            f"<h1>{escaped(host)}: {escaped(report.explanation.title)}</h1>",
            f"<p>{escaped(phrased(report.explanation.cause), _LONG)}</p>",
            prints,
            browser,
            f'<p class="soft">{escaped(said, 1000)}</p>',
        ]
    )


def _understood(report: CheckReport) -> str:
    target, policy = report.request.target, report.request.policy
    return (
        f"Server name {target.server_name or 'none'}, must carry {policy.name or 'any name'}, "
        f"{policy.sku.value} gateway, trust: {policy.trust.value}."
    )


def _dates(report: CheckReport) -> str:
    drawn = dates_svg(report)
    note = f'<p class="soft">The dashed line is {_instant(report.verdict.at)}.</p>'
    return joined([drawn, note]) if drawn else ""


def _probe(report: CheckReport) -> str:
    rows = (
        _row(one.address or "no address", PHRASES[one.verdict.headline], _session(one))
        for one in report.addresses
    )
    return _table(("Address", "Verdict", "Connection"), rows)


def _session(one: AddressReport) -> str:
    if one.chain is None:
        return "no certificate came"
    tls, http, broke = one.chain.tls, one.chain.http, one.chain.handshake_error
    said = [f"{tls.version} {tls.cipher}".strip()] if tls else []
    if broke:
        said.append(f"the handshake broke after the list had come: {broke.detail}")
    if isinstance(http, HttpResponse):
        said.append(f"HTTP {http.status} {http.reason}".strip())
    if isinstance(http, HttpFailure):
        said.append(f"no HTTP answer: {http.detail}")
    said += [f"{stage} {spent:.0f} ms" for stage, spent in one.timings.items()]
    return ", ".join(said)


def _health(report: CheckReport, gateway: GatewayReport | None) -> str:
    if gateway is None:
        return '<p class="soft">No gateway was asked.</p>'
    if gateway.health is None:
        why = gateway.refusal.sentence if gateway.refusal else "It has not been read."
        return f"<p>{escaped(gateway.gateway.id.name)}: {escaped(why, 600)}</p>"
    pools = {
        m.pool.lower()
        for m in gateway.members
        if m.report is not None and m.report.request == report.request
    }
    servers = [s for s in gateway.health.servers if not pools or s.pool.lower() in pools]
    when = _instant(gateway.health.read_at)
    head = f'<p class="soft">{escaped(gateway.gateway.id.name)}, read {when}</p>'
    rows = (_row(_place(s), s.health.value, _message(s)) for s in servers[:_MAX_SERVERS])
    return joined([head, _table(("Server", "Health", "What the gateway says"), rows)])


def _place(server: BackendServer) -> str:
    return f"{server.pool}/{server.setting} {server.address}"


def _message(server: BackendServer) -> str:
    return (server.message.text or server.message.name) if server.message else ""


def _findings(report: CheckReport) -> Iterator[str]:
    pairs = zip(report.verdict.findings, report.explanation.fixes, strict=False)
    return (_finding(number, *pair) for number, pair in enumerate(pairs, 1))


def _finding(number: int, finding: Finding, fix: Fix) -> str:
    steps = "".join(f"<li>{escaped(step, _LONG)}</li>" for step in fix.steps)
    about = (
        f" Certificate {finding.certificate + 1} as sent."
        if finding.certificate is not None
        else ""
    )
    evidence = json.dumps(dict(finding.evidence), default=str, ensure_ascii=False)
    return joined(
        [
            f'<article class="{finding.severity.value}">',
            f"<h3>{number}. {escaped(phrased(finding.summary), _LONG)}</h3>",
            (
                f'<p class="soft">{finding.code.value}, {finding.severity.value}, fix '
                f"{PLACES[fix.where]}. Basis: {finding.basis.value}.{about}</p>"
            ),
            f"<ol>{steps}</ol>" if steps and finding.severity is not Severity.INFO else "",
            f"<pre>{escaped(evidence, 4000)}</pre>" if finding.evidence else "",
            "</article>",
        ]
    )


def _repair(report: CheckReport) -> str:
    repair = report.repair
    if repair is None or not (repair.chain or repair.root_pem):
        return ""
    after = PHRASES[repair.verdict_after]
    parts = [f"<p>Judged again with this in place: {escaped(after)}.</p>"]
    if repair.chain:
        chain = dump_bundle(repair.chain)
        parts.append(f"<p>fullchain.pem, for the server:</p><pre>{escape(chain)}</pre>")
    if repair.root_pem:
        parts.append(f"<p>root.cer, for the gateway:</p><pre>{escape(repair.root_pem)}</pre>")
    return joined(parts)


def _certificates(report: CheckReport) -> str:
    chain = report.chain
    if chain is None or not chain.certificates:
        return ""
    entries = {entry.position: entry for entry in report.verdict.entries}
    rows = (
        _certificate(place, one, entries.get(place)) for place, one in enumerate(chain.certificates)
    )
    sent = "".join(map(pem, chain.certificates))
    return joined(
        [
            _table(("", "Role", "Certificate"), rows, kind="number"),
            f"<p>As sent:</p><pre>{escape(sent)}</pre>",
        ]
    )


def _certificate(place: int, one: Certificate | UnreadableCertificate, entry: Entry | None) -> str:
    role = f"{entry.role.value}, {entry.status.value}" if entry else ""
    if isinstance(one, UnreadableCertificate):
        return _row(str(place + 1), role, f"unreadable: {one.reason}")
    names = ", ".join(one.dns_names)
    said = (
        f"subject {one.subject}",
        f"issuer {one.issuer}",
        f"valid {_instant(one.not_before)} to {_instant(one.not_after)}",
        f"names {names}" if names else "",
        f"sha256 {one.sha256}",
    )
    cell = "<br>".join(escaped(line, _LONG) for line in said if line)
    return f"<tr><td>{place + 1}</td><td>{escaped(role)}</td><td>{cell}</td></tr>"


def _unseen(report: CheckReport) -> str:
    items = (*report.request.assumed, *(f"not checked: {one}" for one in report.not_checked))
    return (
        f"<ul>{''.join(f'<li>{escaped(item, 600)}</li>' for item in items)}</ul>" if items else ""
    )


def _row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{escaped(cell, _LONG)}</td>' for cell in cells)}</tr>"


def _table(heads: Iterable[str], rows: Iterable[str], kind: str = "text") -> str:
    head = "".join(f"<th>{one}</th>" for one in heads)
    body = "".join(rows)
    return f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if at.year > 1 else "no date"
