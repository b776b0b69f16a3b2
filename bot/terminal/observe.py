"""`appgw observe gw:NAME`: an anonymised record of backend health next to our verdict.

Exit status 0 when a record was written, 2 when the gateway gives no answer.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

from bot.domain.gateway_ref import GatewayRef
from bot.domain.refusal import Refusal
from bot.domain.report import GatewayReport
from bot.reports.anonymous_record import anonymous_record
from bot.settings import SettingsError, load_azure_settings
from bot.terminal.complaint import usage_error
from bot.terminal.health import ask, target_of
from bot.terminal.refusals import refused
from bot.terminal.running import run

PROBE_TIMEOUT_S = 12.0
_ONE_GATEWAY = "observe looks at one gateway; write for example: appgw observe gw:prod-gw"
_READ_FIRST = (
    "Read the record before you send it: names were replaced, and what looked like one was cut "
    "out, but only you know what may leave your company. docs/observe.md says where it goes."
)


def run_observe(target: str, *, with_certificates: bool) -> int:
    """Check, print the record, and return the exit status."""
    wanted = target_of(target, verb="observe")
    if isinstance(wanted, str):
        return usage_error(wanted)
    if not isinstance(wanted, GatewayRef):
        return usage_error(_ONE_GATEWAY)
    try:
        settings = load_azure_settings(os.environ, Path("appgw.yaml"))
    except SettingsError as error:
        return usage_error(str(error))
    (answer,) = run(ask(settings, wanted, PROBE_TIMEOUT_S))
    # Without backend health there is nothing to record.
    if no := answer if isinstance(answer, Refusal) else answer.refusal:
        return refused(no)
    assert isinstance(answer, GatewayReport)
    record = anonymous_record(
        answer, version=version("appgw-check"), with_certificates=with_certificates
    )
    sys.stdout.write(json.dumps(record, indent=2) + "\n")
    sys.stderr.write(f"appgw: {_READ_FIRST}\n")
    return 0
