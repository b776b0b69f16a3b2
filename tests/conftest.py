"""Guards for every test.

No address outside loopback, no blocking call in the event loop, no stray environment, no silent
skip in CI.
"""

from __future__ import annotations

import gc
import logging
import os
import re
import socket
import sys
from asyncio import BaseProtocol, Server
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from ssl import SSLContext
from typing import Any

import pytest
from _pytest.logging import catching_logs
from blockbuster import BlockBuster
from hypothesis import settings
from hypothesis.internal.entropy import deterministic_PRNG

from bot.checks import gateway_lookup
from bot.digest.zones import preload
from bot.observability.logs import json_formatter
from chainlib.aio import load_well_known
from playground.lab import pki
from playground.slack import SlackStandIn
from tests.support import measuring
from tests.support.sampling import of_all
from tests.support.scheduling import FileScheduling, in_order
from tests.support.shared import run_folder
from tests.support.statements import compile_once
from tests.support.waiting import LIMIT_S
from tests.support.workers import fork_the_workers, send_less

ALLOWED_SKIPS = Path(__file__).parent / "allowed_skips.txt"
_BLOCKING = BlockBuster(scanned_modules=["bot", "chainlib"])
# On a busy machine any example may take longer than a fifth of a second; whole tests have a limit.
settings.register_profile("suite", deadline=None, max_examples=of_all(100, 25))
settings.load_profile("suite")
_OUR_VARIABLES = ("APPGW_", "SLACK_", "AZURE_")


# What no line of any log may hold, written apart from the patterns that strike it out.
_NEVER_LOGGED = re.compile(
    r"xox[abp]-\w|xapp-\w|xoxe-|PRIVATE KEY|\beyJ[\w-]{8,}|hooks\.slack\.com/\w|/response/\w"
    r"|\?ticket=|sig=(?!\[)\w|(?i:password=(?!\[)\w)|(?i:bearer (?!\[)\w)|AccountKey=\w"
)
_LOGGERS = ("bot", "chainlib", "slack_bolt", "slack_sdk", "aiohttp", "azure", "dbos", "sqlalchemy")


class LogScan(logging.Handler):
    """Writes every record as the bot does and keeps the lines that hold a secret."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(json_formatter())
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Scan one record."""
        line = self.format(record)
        if _NEVER_LOGGED.search(line):
            self.leaks.append(line)


_SCAN = LogScan()


class LeftLoopbackError(RuntimeError):
    """A test tried to send something to an address that is not on this machine."""


def _only_loopback() -> None:
    """Refuse every connection that would leave the machine, before a packet does.

    Once for the whole run, under all other guards.
    """
    for name in ("connect", "connect_ex", "sendto"):
        setattr(socket.socket, name, _guarded(name, getattr(socket.socket, name)))


def _guarded(name: str, original: Any) -> Any:  # noqa: ANN401 -- three socket methods of different shapes
    def guard(self: socket.socket, *arguments: Any) -> Any:  # noqa: ANN401 -- passed through unchanged
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(arguments[-1][0]):
            raise LeftLoopbackError(f"{name} to {arguments[-1][0]}")
        return original(self, *arguments)

    return guard


def _read_what_the_program_reads_first() -> None:
    """What `bot.main` reads before its loop runs, so that no test depends on an earlier one."""
    load_well_known()
    preload()


def _keep_bytecode() -> None:
    """Write byte code even where the machine's setting forbids it.

    Without it each process that a test starts compiles the whole bot anew, which takes as long as
    everything else that it does.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def _wait_longer() -> None:
    """Let short limits be those of a busy machine; a test of such a limit sets its own.

    The stand-in Slack waits three seconds for an answer, as Slack does, and a check of a backend
    waits 2.5 s for the list of gateways.
    """
    SlackStandIn.answer_seconds = LIMIT_S
    gateway_lookup.ARM_PATIENCE_S = LIMIT_S


def _close_what_is_accepted_too_late() -> None:
    """Let asyncio close a connection that it accepts in the turn in which its server is closed.

    It forgets such a connection (`Server._attach` asserts that the server is open), and the
    ResourceWarning of its socket then fails whichever test runs when it is collected.
    """
    accept = BaseSelectorEventLoop._accept_connection2  # type: ignore[attr-defined]

    async def accepted(
        self: BaseSelectorEventLoop,
        factory: Callable[[], BaseProtocol],
        conn: socket.socket,
        extra: Mapping[str, Any],
        context: SSLContext | None = None,
        server: Server | None = None,
        *limits: float,
    ) -> None:
        if server is not None and not server.sockets:
            conn.close()
        else:
            await accept(self, factory, conn, extra, context, server, *limits)

    BaseSelectorEventLoop._accept_connection2 = accepted  # type: ignore[attr-defined]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.split("%", maxsplit=1)[0]).is_loopback
    except ValueError:
        return host == "localhost"


def _clean_environment() -> None:
    """No setting of the machine reaches a test."""
    for variable in [name for name in os.environ if name.startswith(_OUR_VARIABLES)]:
        del os.environ[variable]


def _trust_one_root() -> None:
    """Let OpenSSL find one root in place of the machine's, which no server of a test uses.

    Reading those takes 56 ms of CPU time for each client of Azure, a tenth of a whole run.
    """
    roots = run_folder() / "system-roots.pem"
    if not roots.exists():
        roots.write_bytes(pki.root().pem)
    os.environ["SSL_CERT_FILE"] = str(roots)


def _do_less_for_each_test(config: pytest.Config) -> None:
    """Leave out what pytest's plugins do several times a test and no test here needs.

    `random.seed`, three times: nothing uses the module's own generator. A search among all loggers
    for those that hand nothing on, six times: there is none.
    """
    config.option.randomly_reset_seed = False
    enter = catching_logs.__enter__

    def begin(self: catching_logs[Any]) -> Any:  # noqa: ANN401 -- the handler, as pytest's own
        if self.level is not None:
            return enter(self)
        logging.getLogger().addHandler(self.handler)
        self.attached_loggers.append(logging.getLogger())
        return self.handler

    catching_logs.__enter__ = begin  # type: ignore[method-assign]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A blocking call of our own code inside the event loop fails the test.

    The guard stands for the whole run, because raising it anew for each test costs more than most
    tests do; a test that may block lowers it for itself. This is a hook, as is the next one,
    because a fixture costs each of many thousand tests a millisecond.
    """
    if item.get_closest_marker("may_block"):
        _BLOCKING.deactivate()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """A secret in any record that a test causes, as the bot would write it, fails the test."""
    try:
        yield
    finally:
        if item.get_closest_marker("may_block"):
            _BLOCKING.activate()
    leaks, _SCAN.leaks = _SCAN.leaks, []
    assert leaks == []


@pytest.fixture(scope="module")
def module_may_block() -> Iterator[None]:
    """Lowers the same guard for a whole module, whose bot runs from the first test to the last."""
    _BLOCKING.deactivate()
    yield
    _BLOCKING.activate()


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say what was measured.

    It stands at the end of the run's report, whichever worker ran the test.
    """
    return lambda text: record_property("figure", text)


def pytest_configure(config: pytest.Config) -> None:
    """Close the way out, keep byte code, and register the markers that the guards know."""
    config.addinivalue_line(
        "markers", "may_block: starts processes or reads files inside the loop on purpose"
    )
    run_folder()
    if config.option.collectonly:
        return
    _clean_environment()
    _trust_one_root()
    _keep_bytecode()
    _do_less_for_each_test(config)
    fork_the_workers(config)
    send_less(config)
    _only_loopback()
    _close_what_is_accepted_too_late()
    _read_what_the_program_reads_first()
    compile_once()
    _wait_longer()
    _BLOCKING.activate()
    for name in _LOGGERS:
        logging.getLogger(name).addHandler(_SCAN)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FileScheduling:  # noqa: ANN401 -- xdist's producer
    """A file's tests run on one worker."""
    config.option.loadscopereorder = False
    return FileScheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Waiting and working tests in turn; the garbage collector need not look at them again."""
    items[:] = in_order(items)
    gc.freeze()
    with deterministic_PRNG():
        pass  # Hypothesis's first use collects garbage, of which there is least now


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """What a worker has reached is written before xdist hears that it has finished."""
    measuring.save()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures and the coverage; in CI a skip that nobody has explained is a failure."""
    _print_figures(terminalreporter)
    if measuring.MEASURED:
        terminalreporter.section("coverage")
        if not measuring.report(terminalreporter.write_line):
            terminalreporter._session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if os.environ.get("CI") != "true":
        return
    allowed = [line.split("#")[0].strip() for line in ALLOWED_SKIPS.read_text().splitlines()]
    for report in terminalreporter.stats.get("skipped", []):
        if not any(prefix and report.nodeid.startswith(prefix) for prefix in allowed):
            terminalreporter.write_line(
                f"skipped without a listed reason: {report.nodeid}", red=True
            )
            terminalreporter._session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _print_figures(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])]
    found = sorted(
        {
            (report.nodeid, str(value))
            for report in reports
            for name, value in report.user_properties
            if name == "figure"
        }
    )
    if found:
        terminalreporter.section("figures")
    for nodeid, value in found:
        terminalreporter.write_line(f"{nodeid.rsplit('/', 1)[-1]}: {value}")
