"""The `appgw` program: command line options in, one use case, output.

Each command imports what it needs when it runs, so that `check` starts fast. Exit status of `check`
and `rehearse`: 0 accepted, 1 refused, 2 the command line or a file cannot be used, 3 no chain was
presented.
"""

from __future__ import annotations

import gc
import signal
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.terminal import database, options
from bot.terminal.command_line import Command, CommandLineError, no_such, overview, read
from bot.terminal.complaint import (
    NO_ROOM,
    UNUSABLE,
    drop_output,
    open_stream,
    output_lost,
    usage_error,
)
from bot.terminal.late_patterns import import_x509

_ABOUT = (
    "Check a backend as Azure Application Gateway does, and explain what is wrong with its "
    "certificates."
)
_ABOUT_DATABASE = "The bot's database: upgrade it, export it, delete old rows."
COLLECTED_AFTER = (20_000, 10, 20)


def check(given: Namespace) -> int:
    """Probe one backend as the gateway would, judge what it sends, and explain the verdict.

    Exit status 0 when the gateway would accept it, 1 when it would refuse it, 2 when the command
    line or a file cannot be used, 3 when the backend sent no certificates.
    """
    gc.disable()  # the process ends soon, and the garbage collector takes a tenth of its time
    import_x509()
    from bot.terminal.commands import CheckOptions, run_check  # noqa: PLC0415 -- late, so that the program starts fast

    chosen = CheckOptions(
        target=given.target,
        sni=given.sni,
        host_name=given.host_name,
        path=given.path,
        timeout=given.timeout,
        report=given.report,
        **_trust_options(given),
    )
    return run_check(chosen)


def rehearse(given: Namespace) -> int:
    """Judge a chain before you install it, or the removal of a root from a gateway.

    Exit status 0 when the gateway would accept it, 1 when it would refuse it, 2 when the command
    line or a file cannot be used.
    """
    if given.without_root is not None:
        return _without_root(given)
    gc.disable()  # as for `check`
    import_x509()
    from bot.terminal.commands import RehearseOptions, run_rehearse  # noqa: PLC0415 -- late, so that the program starts fast

    chosen = RehearseOptions(
        chain=Path(given.chain),
        name=given.name,
        annotate=given.annotate,
        **_trust_options(given),
    )
    return run_rehearse(chosen)


def _trust_options(given: Namespace) -> dict[str, Any]:
    """The options that `check` and `rehearse` share, by the fields of `TrustOptions`."""
    return {
        "roots": tuple(given.root or ()),
        "auth_certificates": tuple(given.auth_cert or ()),
        "sku": given.sku,
        "validate_chain": not given.no_validate_chain,
        "validate_name": not given.no_validate_name,
        "live_name": given.live_name,
        "at": given.at,
        "as_json": given.json,
    }


def _without_root(given: Namespace) -> int:
    if given.annotate is not None:
        return usage_error(
            "--annotate is for files; write for example: appgw rehearse fullchain.pem --annotate "
            "github"
        )
    import_x509()
    from bot.terminal.removal import run_removal  # noqa: PLC0415 -- Azure is imported here only

    return run_removal(given.chain, given.without_root, json_wanted=given.json)


def health(given: Namespace) -> int:
    """Show backend health of gateways beside our own probe.

    Exit status 0 when nothing is critical, 1 when something is, 2 when there is no answer.
    """
    import_x509()
    from bot.terminal.health import run_health  # noqa: PLC0415 -- Azure is imported here only

    return run_health(given.gateway, json_wanted=given.json, timeout=given.timeout)


def forecast(given: Namespace) -> int:
    """Say what will break on a gateway, and on which day, if nobody does anything.

    Exit status 0 when nothing will break, 1 when something will or is refused already, 2 when there
    is no answer, 3 when some servers were not seen.
    """
    import_x509()
    from bot.terminal.forecast import run_forecast  # noqa: PLC0415 -- Azure is imported here only

    return run_forecast(given.gateway, given.days, json_wanted=given.json)


def observe(given: Namespace) -> int:
    """Print backend health beside our verdict, without names.

    Users can send it in; see docs/observe.md. Exit status 2 when the gateway gives no answer.
    """
    import_x509()
    from bot.terminal.observe import run_observe  # noqa: PLC0415 -- Azure is imported here only

    return run_observe(given.gateway, with_certificates=given.with_certificates)


def doctor(_given: Namespace) -> int:
    """Check whether the bot can work with its settings. Asks Slack and Azure.

    Exit status 0 when no check failed, 1 when one did, 2 when the settings cannot be used.
    """
    from bot.terminal.doctor import run_doctor  # noqa: PLC0415 -- Azure is imported here only

    return run_doctor()


def mcp(_given: Namespace) -> int:
    """Give assistants the checks of this program as MCP tools, over stdio."""
    try:
        from bot.mcp.server import serve as serve_tools  # noqa: PLC0415 -- an optional library is imported here only
    except ModuleNotFoundError as missing:
        if not (missing.name or "").startswith("mcp"):
            raise
        return usage_error(
            "appgw mcp needs the mcp library, which is not installed; write for example, in the "
            "folder of the clone: pip install '.[mcp]'"
        )
    serve_tools()
    return 0


def serve(_given: Namespace) -> int:
    """Run the bot: Socket Mode, or HTTP when SLACK_APP_TOKEN is absent."""
    # Until the bot handles it itself. The first process of a container ignores a signal that it
    # does not handle, and would be killed half a minute later.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    gc.disable()
    from bot.main import main as run  # noqa: PLC0415 -- Slack and ARM are imported here only

    gc.freeze()  # imported objects stay alive, so the garbage collector need not scan them
    # With Python's own thresholds a burst of 200 commands spends a fifth of its CPU on collecting,
    # and one full collection stops the event loop for a tenth of a second.
    gc.set_threshold(*COLLECTED_AFTER)
    gc.enable()
    return run()


def parse(given: Namespace) -> int:
    """Read JSON lines {"text": ...} and print what the bot would understand."""
    from bot.commands.parse import parse_json  # noqa: PLC0415 -- late, so that the program starts fast
    from bot.terminal.json_lines import TEXT, answer_lines  # noqa: PLC0415 -- likewise

    return answer_lines(
        "parse", lambda row: parse_json(row["text"]), example=TEXT, as_json=given.json
    )


def explain_message(given: Namespace) -> int:
    """Read JSON lines {"text": ..., "name": ...} and print the code of each Azure message."""
    from bot.azure.messages import explain_message_json  # noqa: PLC0415 -- late, so that the program starts fast
    from bot.terminal.json_lines import TEXT, answer_lines, text_in  # noqa: PLC0415 -- likewise

    return answer_lines(
        "explain-message",
        lambda row: explain_message_json(row["text"], text_in(row, "name")),
        example=TEXT,
        as_json=given.json,
    )


def read_alert(given: Namespace) -> int:
    """Read JSON lines {"message": ..., "inventory": ...} and print what each alert is about."""
    from bot.commands.alerts import read_alert_json  # noqa: PLC0415 -- late, so that the program starts fast
    from bot.terminal.json_lines import MESSAGE, answer_lines  # noqa: PLC0415 -- likewise

    return answer_lines("read-alert", read_alert_json, example=MESSAGE, as_json=given.json)


_TYPED = {
    "check": Command(
        run=check,
        takes=(
            options.BACKEND,
            options.SERVER_NAME,
            options.HOST_NAME,
            options.PROBE_PATH,
            *options.TRUST,
            options.TIMEOUT,
            options.REPORT,
            options.JSON,
        ),
    ),
    "rehearse": Command(
        run=rehearse,
        takes=(
            options.CHAIN,
            options.NAME,
            *options.TRUST,
            options.WITHOUT_ROOT,
            options.ANNOTATE,
            options.JSON,
        ),
    ),
    "health": Command(
        run=health, takes=(options.GATEWAY_OR_ALL, options.PROBE_TIMEOUT, options.JSON)
    ),
    "forecast": Command(run=forecast, takes=(options.GATEWAY, options.DAYS, options.JSON)),
    "observe": Command(run=observe, takes=(options.GATEWAY, options.WITH_CERTIFICATES)),
    "doctor": Command(run=doctor),
    "mcp": Command(run=mcp),
    "serve": Command(run=serve),
}
_FOR_SCRIPTS = {
    "parse": Command(run=parse, takes=(options.JSON,)),
    "explain-message": Command(run=explain_message, takes=(options.JSON,)),
    "read-alert": Command(run=read_alert, takes=(options.JSON,)),
}
_ROW_AFTER_ROW = [[name] for name in (*_FOR_SCRIPTS, "db")]
"""Commands that end when nobody reads any more; all others keep their exit status."""
COMMANDS: Mapping[str, Command] = _TYPED | _FOR_SCRIPTS
"""The commands by the word that is typed; those of `appgw db` are in `DATABASE_COMMANDS`."""
DATABASE_COMMANDS: Mapping[str, Command] = {
    "upgrade": Command(run=database.upgrade),
    "export": Command(run=database.export),
    "purge": Command(run=database.purge),
}


def run(words: Sequence[str]) -> int:
    """Do what the words say and return the exit status. Raises `CommandLineError`."""
    first, *rest = words or ("",)
    if first == "db":
        return _run_database(rest)
    if first == "--version":
        return _print_version()
    if first in {"", "--help"}:
        listed = {name: one.summary for name, one in _TYPED.items()} | {"db": _ABOUT_DATABASE}
        return _describe(overview("appgw", _ABOUT, listed, version=True), wanted=bool(words))
    return _run_one(first, COMMANDS, [*COMMANDS, "db"], rest)


def _run_database(words: Sequence[str]) -> int:
    first, *rest = words or ("",)
    if first in {"", "--help"}:
        listed = {name: one.summary for name, one in DATABASE_COMMANDS.items()}
        return _describe(overview("appgw db", _ABOUT_DATABASE, listed), wanted=bool(words))
    return _run_one(first, DATABASE_COMMANDS, list(DATABASE_COMMANDS), rest, group="db ")


def _run_one(
    name: str,
    commands: Mapping[str, Command],
    known: Sequence[str],
    words: Sequence[str],
    group: str = "",
) -> int:
    if name.startswith("-"):
        raise CommandLineError(no_such("option", name, ["--version", "--help"]))
    if name not in commands:
        raise CommandLineError(no_such("command", repr(name), list(map(repr, known))))
    given = read(f"{group}{name}", commands[name], words)
    return _describe(given, wanted=True) if isinstance(given, str) else commands[name].run(given)


def _describe(text: str, *, wanted: bool) -> int:
    """Print a help text; on standard error and with status 2 if nothing was typed."""
    (sys.stdout if wanted else sys.stderr).write(text)
    return 0 if wanted else UNUSABLE


def _print_version() -> int:
    from importlib.metadata import version  # noqa: PLC0415 -- late, so that the program starts fast

    sys.stdout.write(f"appgw {version('appgw-check')}\n")
    return 0


def main() -> None:
    """Entry point: a wrong command line or a closed output gives one sentence, no traceback."""
    words = sys.argv[1:]
    sys.stdout = open_stream(sys.stdout, maybe_unread=words[:1] not in _ROW_AFTER_ROW)
    sys.stderr = open_stream(sys.stderr)
    try:
        status = run(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        drop_output(sys.stdout.fileno())
        status = 0
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        status = output_lost(error)
    except CommandLineError as error:
        status = usage_error(str(error))
    # The process ends here. Without this the interpreter's last collection looks at every object
    # that was ever imported: a fifth of the CPU of a whole `appgw check`.
    gc.freeze()
    sys.exit(status)
