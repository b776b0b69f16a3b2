"""`appgw check` and `appgw rehearse`: options -> report -> output and exit status."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.checks import CheckContext, check, rehearse
from bot.commands.host import host_target
from bot.commands.usage import TargetError
from bot.domain.check_report import CheckReport, CheckRequest
from bot.reports.check_json import as_json
from bot.terminal.complaint import UNUSABLE, usage_error
from bot.terminal.inputs import (
    CertificateSource,
    InputError,
    anchors,
    instant,
    policy,
    read_certificates,
    seconds,
    sku,
)
from bot.terminal.running import run
from chainlib import GatewayPolicy, HttpProbeRule, Target, is_ip_literal
from chainlib.frozen import dataclass

ACCEPTED, REFUSED, NO_LIST = 0, 1, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustOptions:
    """Options of both commands: what the gateway trusts and validates, and the instant."""

    live_name: str | None
    roots: tuple[CertificateSource, ...]
    auth_certificates: tuple[CertificateSource, ...]
    sku: str
    validate_chain: bool
    validate_name: bool
    at: str | None
    as_json: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions(TrustOptions):
    """Options of `appgw check`."""

    target: str
    sni: str | None
    host_name: str | None
    path: str | None
    timeout: float
    report: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearseOptions(TrustOptions):
    """Options of `appgw rehearse`."""

    chain: CertificateSource
    name: str | None
    annotate: str | None = None


def run_check(options: CheckOptions) -> int:
    """Probe, print, and return the exit status."""
    try:
        request, at = check_request(options)
        _refuse_unwritable(options.report)
    except InputError as error:
        return usage_error(str(error))
    context = CheckContext(clock=lambda: at or datetime.now(tz=UTC), timeout=options.timeout)
    report = (
        run(check(request, context)) if options.as_json else _check_with_display(request, context)
    )
    status = _finish(report, json_wanted=options.as_json)
    if options.report is None:
        return status
    try:
        _write_page(options.report, report)
    except InputError as error:
        return usage_error(str(error))
    sys.stderr.write(f"appgw: the report page is in {options.report}\n")
    return status


def _check_with_display(request: CheckRequest, context: CheckContext) -> CheckReport:
    from bot.terminal.output import StageDisplay  # noqa: PLC0415 -- Rich is not imported where only JSON is wanted

    with StageDisplay() as display:
        return run(check(request, replace(context, on_stage=display.show)))


def run_rehearse(options: RehearseOptions) -> int:
    """Judge the file, print, and return the exit status."""
    if options.annotate is not None:
        return _run_annotated(options, options.annotate)
    try:
        report = rehearsal(options)
    except InputError as error:
        return usage_error(str(error))
    return _finish(report, json_wanted=options.as_json)


def _run_annotated(options: RehearseOptions, wanted: str) -> int:
    from bot.terminal.annotations import annotate_as, print_annotated, print_unusable  # noqa: PLC0415 -- for pipelines alone

    chain = Path(str(options.chain))
    if options.as_json:
        return usage_error(
            "--annotate and --json both want standard output; write for example --annotate github"
        )
    try:
        syntax = annotate_as(wanted)
    except InputError as error:
        return usage_error(str(error))
    try:
        report = rehearsal(options)
    except InputError as error:
        print_unusable(str(error), chain, syntax)
        return UNUSABLE
    print_annotated(report, chain, syntax)
    return ACCEPTED if report.verdict.accepted else REFUSED


def rehearsal(options: RehearseOptions) -> CheckReport:
    """Judge a chain that is not installed yet. Raises `InputError`."""
    if str(options.chain).lower().startswith("gw:"):
        raise InputError(
            "a gateway is rehearsed without one of its roots; write: appgw rehearse "
            f"{options.chain} --without-root corp-root-2019"
        )
    bag = read_certificates(options.chain)
    rules = _policy(options, name=_name(options.name, "--name"), http=None)
    return rehearse(bag, rules, at=instant(options.at), ordered=bag.ordered)


def check_request(options: CheckOptions) -> tuple[CheckRequest, datetime | None]:
    """What to probe, and the instant of `--at`. Raises `InputError`."""
    host, port, path = _target(options)
    name = _name(options.host_name, "--host-name") or host
    server_name = _name(options.sni, "--sni") or name
    if options.sni is not None and is_ip_literal(server_name):
        raise InputError(
            f"--sni {options.sni} is an IP address; a server name is a host name, for example "
            "--sni backend.contoso.com."
        )
    seconds(options.timeout)  # bounds the whole command; the gateway's own wait stays as it is
    rule = HttpProbeRule(host_header=name, path=path)
    target = Target(
        host=host, port=port, server_name=None if is_ip_literal(server_name) else server_name
    )
    at = None if options.at is None else instant(options.at)
    return CheckRequest(target=target, policy=_policy(options, name=name, http=rule)), at


def _target(options: CheckOptions) -> tuple[str, int, str]:
    if options.target.strip().lower().startswith(("gw:", "/subscriptions/")):
        raise InputError(
            f"check takes one backend; for a gateway write: appgw health {options.target.strip()}"
        )
    try:
        parsed = host_target(options.target)
    except TargetError as error:
        raise InputError(str(error)) from None
    if options.path is not None and parsed.path and options.path != parsed.path:
        raise InputError(
            f"the path is given twice, as {parsed.path} and --path {options.path}; write it "
            "once, for example --path /healthz."
        )
    path = (parsed.path or "/") if options.path is None else options.path
    if not path.startswith("/") or not path.isprintable() or " " in path:
        raise InputError(f"--path {path!r} is not a URL path; write for example --path /healthz.")
    return parsed.host, parsed.port, path


def _name(text: str | None, option: str) -> str | None:
    if text is None:
        return None
    try:
        parsed = host_target(text)
    except TargetError as error:
        raise InputError(f"{option}: {error}") from None
    if parsed.typed_port is not None or parsed.path:
        raise InputError(
            f"{option} {text!r} holds more than a name; write for example {option} "
            "backend.contoso.com."
        )
    return parsed.host


def _policy(
    options: TrustOptions, *, name: str | None, http: HttpProbeRule | None
) -> GatewayPolicy:
    generation = sku(options.sku)
    return policy(
        trust=anchors(options.roots, options.auth_certificates, generation),
        generation=generation,
        name=name,
        live_name=_name(options.live_name, "--live-name"),
        validate_chain=options.validate_chain,
        validate_name=options.validate_name,
        http=http,
    )


def _finish(report: CheckReport, *, json_wanted: bool) -> int:
    _print(report, json_wanted=json_wanted)
    if report.chain is None:
        return NO_LIST
    return ACCEPTED if report.verdict.accepted else REFUSED


def _print(report: CheckReport, *, json_wanted: bool) -> None:
    if json_wanted:
        sys.stdout.write(json.dumps(as_json(report), indent=2, ensure_ascii=True) + "\n")
    else:
        from bot.terminal.output import print_report  # noqa: PLC0415 -- Rich is not imported where only JSON is wanted

        print_report(report)
    sys.stdout.flush()


def _refuse_unwritable(path: Path | None) -> None:
    """Refuse a path that cannot be written, before anything is probed.

    Raises:
        InputError: it is a folder, its name is too long, or its folder does not exist or is not
            writable.
    """
    example = "write for example --report report.html."
    try:
        if path is None:
            return
        if path.is_dir():
            raise InputError(f"--report {path} is a folder; {example}")
        if os.access(path if path.exists() else path.parent, os.W_OK):
            return
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise InputError(f"--report {path} cannot be written ({reason}); {example}") from None
    raise InputError(f"--report {path} cannot be written; {example}")


def _write_page(path: Path, report: CheckReport) -> None:
    """Write the report as an HTML page, replacing the file.

    Raises:
        InputError: it cannot be written.
    """
    from bot.reports.page import report_page  # noqa: PLC0415 -- not imported where no page is wanted

    try:
        path.write_text(report_page(report), encoding="utf-8")
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise InputError(f"--report {path} could not be written ({reason}).") from None
