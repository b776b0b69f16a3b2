"""The `appgw` program: command line options in, one use case, output.

Each command imports what it needs when it runs, so that `check` starts fast. Exit status of `check`
and `rehearse`: 0 accepted, 1 refused, 2 the command line or a file cannot be used, 3 no chain was
presented.
"""

from __future__ import annotations

import gc
import sys
from copy import copy
from pathlib import Path
from typing import Annotated

# imported objects stay alive, and the garbage collector takes a tenth of the import time
gc.disable()

import typer  # noqa: E402 -- after collecting is off
from typer import Argument, Option  # noqa: E402 -- after collecting is off
from typer.models import CommandInfo  # noqa: E402 -- after collecting is off

from bot.terminal import database  # noqa: E402 -- after collecting is off
from bot.terminal.complaint import (  # noqa: E402 -- after collecting is off
    NO_ROOM,
    UNUSABLE,
    command_line_error,
    open_stream,
    output_lost,
    usage_error,
)
from bot.terminal.late_patterns import import_x509  # noqa: E402 -- after collecting is off
from bot.terminal.options import (  # noqa: E402 -- after collecting is off
    AnnotateOption,
    At,
    AuthCertificates,
    Backend,
    HostName,
    Json,
    LiveName,
    NoChain,
    NoName,
    ProbePath,
    Roots,
    ServerName,
    SkuOption,
    WithCertificates,
    WithoutRoot,
)

gc.enable()

COLLECTED_AFTER = (20_000, 10, 20)

app = typer.Typer(
    name="appgw",
    help=(
        "Check a backend as Azure Application Gateway does, and explain what is wrong with its "
        "certificates."
    ),
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(database.app, name="db")


@app.command()
def check(  # noqa: PLR0913, PLR0917 -- one parameter for each option of the contract
    target: Backend,
    sni: ServerName = None,
    host_name: HostName = None,
    path: ProbePath = None,
    root: Roots = None,
    auth_cert: AuthCertificates = None,
    sku: SkuOption = "v2",
    no_validate_chain: NoChain = False,  # noqa: FBT002 -- a flag of the command line
    no_validate_name: NoName = False,  # noqa: FBT002 -- a flag of the command line
    live_name: LiveName = None,
    at: At = None,
    timeout: Annotated[float, Option("--timeout", help="Seconds for the whole command.")] = 12.0,
    report: Annotated[
        Path | None, Option("--report", help="Also write one HTML page to print or attach.")
    ] = None,
    as_json: Json = False,  # noqa: FBT002 -- a flag of the command line
) -> int:
    """Probe one backend as the gateway would, judge what it sends, and explain the verdict.

    Exit status 0 when the gateway would accept it, 1 when it would refuse it, 2 when the command
    line or a file cannot be used, 3 when the backend sent no certificates.
    """
    gc.disable()  # the process ends soon, and the garbage collector takes a tenth of its time
    import_x509()
    from bot.terminal.commands import CheckOptions, run_check  # noqa: PLC0415 -- late, so that the program starts fast

    options = CheckOptions(
        target=target,
        sni=sni,
        host_name=host_name,
        path=path,
        roots=tuple(root or ()),
        auth_certificates=tuple(auth_cert or ()),
        sku=sku,
        validate_chain=not no_validate_chain,
        validate_name=not no_validate_name,
        live_name=live_name,
        at=at,
        timeout=timeout,
        report=report,
        as_json=as_json,
    )
    return run_check(options)


@app.command()
def rehearse(  # noqa: PLR0913, PLR0917 -- one parameter for each option of the contract
    chain: Annotated[
        str,
        Argument(
            help=("The chain to install: PEM, DER or PKCS #7; or gw:prod-gw with --without-root.")
        ),
    ],
    name: Annotated[
        str | None,
        Option("--name", help="The name that must match; without it the name is not checked."),
    ] = None,
    live_name: LiveName = None,
    root: Roots = None,
    auth_cert: AuthCertificates = None,
    sku: SkuOption = "v2",
    no_validate_chain: NoChain = False,  # noqa: FBT002 -- a flag of the command line
    no_validate_name: NoName = False,  # noqa: FBT002 -- a flag of the command line
    at: At = None,
    without_root: WithoutRoot = None,
    annotate: AnnotateOption = None,
    as_json: Json = False,  # noqa: FBT002 -- a flag of the command line
) -> int:
    """Judge a chain before you install it, or the removal of a root from a gateway.

    Exit status 0 when the gateway would accept it, 1 when it would refuse it, 2 when the command
    line or a file cannot be used.
    """
    if without_root is not None:
        return _without_root(chain, without_root, annotated=annotate is not None, as_json=as_json)
    gc.disable()  # as for `check`
    import_x509()
    from bot.terminal.commands import RehearseOptions, run_rehearse  # noqa: PLC0415 -- late, so that the program starts fast

    options = RehearseOptions(
        chain=Path(chain),
        name=name,
        live_name=live_name,
        roots=tuple(root or ()),
        auth_certificates=tuple(auth_cert or ()),
        sku=sku,
        validate_chain=not no_validate_chain,
        validate_name=not no_validate_name,
        at=at,
        annotate=annotate,
        as_json=as_json,
    )
    return run_rehearse(options)


def _without_root(chain: str, root: str, *, annotated: bool, as_json: bool) -> int:
    if annotated:
        return usage_error(
            "--annotate is for files; write for example: appgw rehearse fullchain.pem --annotate "
            "github"
        )
    from bot.terminal.removal import run_removal  # noqa: PLC0415 -- Azure is imported here only

    return run_removal(chain, root, json_wanted=as_json)


@app.command()
def health(
    gateway: Annotated[
        str | None,
        Argument(
            help="gw:prod-gw, gw:group/prod-gw/pool/setting or an ARM id; default: every gateway."
        ),
    ] = None,
    timeout: Annotated[float, Option("--timeout", help="Seconds for the bot's own probe.")] = 12.0,
    as_json: Json = False,  # noqa: FBT002 -- a flag of the command line
) -> int:
    """Show backend health of gateways beside our own probe.

    Exit status 0 when nothing is critical, 1 when something is, 2 when there is no answer.
    """
    import_x509()
    from bot.terminal.health import run_health  # noqa: PLC0415 -- Azure is imported here only

    return run_health(gateway, json_wanted=as_json, timeout=timeout)


@app.command()
def forecast(
    gateway: Annotated[
        str, Argument(help="gw:prod-gw, gw:group/prod-gw/pool/setting or an ARM id.")
    ],
    days: Annotated[int, Option("--days", help="How far to look.")] = 90,
    as_json: Json = False,  # noqa: FBT002 -- a flag of the command line
) -> int:
    """Say what will break on a gateway, and on which day, if nobody does anything.

    Exit status 0 when nothing will break, 1 when something will or is refused already, 2 when there
    is no answer, 3 when some servers were not seen.
    """
    import_x509()
    from bot.terminal.forecast import run_forecast  # noqa: PLC0415 -- Azure is imported here only

    return run_forecast(gateway, days, json_wanted=as_json)


@app.command()
def observe(
    gateway: Annotated[
        str, Argument(help="gw:prod-gw, gw:group/prod-gw/pool/setting or an ARM id.")
    ],
    with_certificates: WithCertificates = False,  # noqa: FBT002 -- a flag of the command line
) -> int:
    """Print backend health beside our verdict, without names.

    Users can send it in; see docs/observe.md. Exit status 2 when the gateway gives no answer.
    """
    import_x509()
    from bot.terminal.observe import run_observe  # noqa: PLC0415 -- Azure is imported here only

    return run_observe(gateway, with_certificates=with_certificates)


@app.command()
def doctor() -> int:
    """Check whether the bot can work with its settings. Asks Slack and Azure.

    Exit status 0 when no check failed, 1 when one did, 2 when the settings cannot be used.
    """
    from bot.terminal.doctor import run_doctor  # noqa: PLC0415 -- Azure is imported here only

    return run_doctor()


@app.command()
def mcp() -> int:
    """Give assistants the checks of this program as MCP tools, over stdio."""
    try:
        from bot.mcp.server import serve as serve_tools  # noqa: PLC0415 -- an optional library is imported here only
    except ModuleNotFoundError as missing:
        if not (missing.name or "").startswith("mcp"):
            raise
        return usage_error(
            "appgw mcp needs the mcp library, which is not installed; write for example: pip "
            "install 'appgw-check[mcp]'"
        )
    serve_tools()
    return 0


@app.command()
def serve() -> int:
    """Run the bot: Socket Mode, or HTTP when SLACK_APP_TOKEN is absent."""
    gc.disable()
    from bot.main import main as run  # noqa: PLC0415 -- Slack and ARM are imported here only

    gc.freeze()  # imported objects stay alive, so the garbage collector need not scan them
    # With Python's own thresholds a burst of 200 commands spends a fifth of its CPU on collecting,
    # and one full collection stops the event loop for a tenth of a second.
    gc.set_threshold(*COLLECTED_AFTER)
    gc.enable()
    return run()


@app.command(hidden=True)
def parse(as_json: Json = False) -> int:  # noqa: FBT002 -- a flag of the command line
    """Read JSON lines {"text": ...} and print what the bot would understand."""
    from bot.commands.parse import parse_json  # noqa: PLC0415 -- late, so that the program starts fast
    from bot.terminal.json_lines import TEXT, answer_lines  # noqa: PLC0415 -- likewise

    return answer_lines("parse", lambda row: parse_json(row["text"]), example=TEXT, as_json=as_json)


@app.command("explain-message", hidden=True)
def explain_message(as_json: Json = False) -> int:  # noqa: FBT002 -- a flag of the command line
    """Read JSON lines {"text": ..., "name": ...} and print the code of each Azure message."""
    from bot.azure.messages import explain_message_json  # noqa: PLC0415 -- late, so that the program starts fast
    from bot.terminal.json_lines import TEXT, answer_lines, text_in  # noqa: PLC0415 -- likewise

    return answer_lines(
        "explain-message",
        lambda row: explain_message_json(row["text"], text_in(row, "name")),
        example=TEXT,
        as_json=as_json,
    )


@app.command("read-alert", hidden=True)
def read_alert(as_json: Json = False) -> int:  # noqa: FBT002 -- a flag of the command line
    """Read JSON lines {"message": ..., "inventory": ...} and print what each alert is about."""
    from bot.commands.alerts import read_alert_json  # noqa: PLC0415 -- late, so that the program starts fast
    from bot.terminal.json_lines import MESSAGE, answer_lines  # noqa: PLC0415 -- likewise

    return answer_lines("read-alert", read_alert_json, example=MESSAGE, as_json=as_json)


def _version(value: bool) -> None:  # noqa: FBT001 -- the signature that Typer calls
    if value:
        from importlib.metadata import version as distribution_version  # noqa: PLC0415 -- late, so that the program starts fast

        typer.echo(f"appgw {distribution_version('appgw-check')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001, FBT002 -- read by its callback
        bool, Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Check a backend as Azure Application Gateway would, and explain its certificates."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(UNUSABLE)


def _asked(words: list[str]) -> typer.Typer:
    """The program with the one command that the line begins with, or all of it.

    Typer reads the signature of every command that it is given, which takes longer than a check.
    """
    named = [one for one in app.registered_commands if one.callback and words[:1] == [_name(one)]]
    if not named:
        return app
    narrowed = copy(app)
    narrowed.registered_commands, narrowed.registered_groups = named, []
    return narrowed


def _name(command: CommandInfo) -> str | None:
    return command.name or (command.callback.__name__ if command.callback else None)


def main() -> None:
    """Entry point: a wrong command line or a closed output gives one sentence, no traceback."""
    sys.stdout, sys.stderr = open_stream(sys.stdout), open_stream(sys.stderr)
    try:
        status = _asked(sys.argv[1:])(standalone_mode=False)
        sys.stdout.flush()
    except typer.Abort:
        status = 130
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        status = output_lost(error)
    except Exception as error:
        sentence = command_line_error(error)
        if sentence is None:
            raise
        status = usage_error(sentence)
    sys.exit(status if isinstance(status, int) else 0)
