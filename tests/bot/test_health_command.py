"""`appgw health`.

Both witnesses in lines and in JSON, exit statuses, and a way out whatever ARM answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.terminal.forecast import run_forecast
from bot.terminal.health import run_health
from bot.terminal.removal import run_removal
from playground.arm import Fault, FaultKind
from playground.arm.specs import SUBSCRIPTION
from playground.lab.catalogue import CATALOGUE
from playground.stage import Stage, gateway_spec, health_words
from tests.support.waiting import LIMIT_S, within_limit
from tests.support.warm import appgw

COLD = (sys.executable, "-c", "from bot.cli import main; main()", "health")
RECIPES = tuple(recipe for recipe in CATALOGUE if recipe.name in {"good", "leaf-only"})
pytestmark = pytest.mark.may_block
Health = Callable[..., Awaitable["Ended"]]


@dataclass(frozen=True, slots=True)
class Ended:
    """How the command ended."""

    status: int | None
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """What was printed as JSON."""
        return dict(json.loads(self.out))


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path, recipes=RECIPES) as running:
        yield running


async def process(stage: Stage, *words: str, cold: bool = False, **more: str) -> Ended:
    """Run it as people do; `cold` imports everything anew."""
    environment = {
        "PATH": os.environ["PATH"],
        "SSL_CERT_FILE": os.environ["SSL_CERT_FILE"],
        "PYTHONPATH": str(Path(__file__).parents[2]),
        **stage.environment(),
        **more,
    }
    started = await asyncio.create_subprocess_exec(
        *((*COLD, *words) if cold else appgw("health", *words)),
        cwd=stage.folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await within_limit(started.communicate())
    return Ended(started.returncode, out.decode(), err.decode())


@pytest.fixture
def health(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Health:
    """Run it in this process, in its own thread and loop, to save starting an interpreter."""

    async def run(target: str | None = None, *, json_wanted: bool = False, **more: str) -> Ended:
        for name, value in {**stage.environment(), **more}.items():
            monkeypatch.setenv(name, value)
        status = await asyncio.to_thread(
            run_health, target, json_wanted=json_wanted, timeout=LIMIT_S
        )
        printed = capsys.readouterr()
        return Ended(status, printed.out, printed.err)

    return run


async def test_unhealthy_gateway_ends_with_1_and_both_words(stage: Stage) -> None:
    ended = await process(stage, "gw:lab-gw")
    assert ended.status == 1, ended
    assert "✖ FAIL gateway lab-gw: 1 of 2 servers fails" in ended.out
    assert "lab/leaf-only 127.0.0.1: intermediate missing; gateway: Unhealthy" in ended.out
    assert (
        "backend health: The Intermediate certificate is missing from the certificate chain"
        in ended.out
    )
    assert "lab/good 127.0.0.1: gateway would accept it; gateway: Healthy" in ended.out


async def test_healthy_setting_ends_with_0(stage: Stage) -> None:
    ended = await process(stage, "gw:rg-lab/lab-gw/lab/good", cold=True)
    assert (ended.status, ended.err) == (0, "")


async def test_json_holds_both_witnesses(health: Health) -> None:
    ended = await health(json_wanted=True)
    (gateway,) = ended.document["gateways"]
    assert (ended.status, gateway["name"], gateway["healthy"], gateway["refusal"]) == (
        1,
        "lab-gw",
        False,
        None,
    )
    assert gateway["asked_at"].endswith("+00:00")
    member = next(member for member in gateway["members"] if member["setting"] == "leaf-only")
    assert (member["headline"], member["gateway"]["code"]) == (
        "INTERMEDIATE_MISSING",
        "INTERMEDIATE_MISSING",
    )
    assert member["report"]["path"][1] == {
        "source": "missing",
        "subject": "CN=Contoso Issuing CA 3",
        "sha256": None,
    }


ANSWERED = [
    kind
    for kind in FaultKind
    if kind not in {FaultKind.ENDLESS, FaultKind.ELSEWHERE, FaultKind.SLOW}
]
ON_HEALTH = {
    FaultKind.UNAUTHORIZED: "set APPGW_AZURE_STATIC_TOKEN",
    FaultKind.FORBIDDEN: "az role definition create --role-definition @appgw-check-role.json",
    FaultKind.NOT_FOUND: "az network application-gateway list",
    FaultKind.BUSY: "az network application-gateway wait --updated -g rg-lab -n lab-gw",
    FaultKind.SERVER_ERROR: "https://status.azure.com",
    FaultKind.BAD_JSON: "check what it answers",
    FaultKind.PROXY_PAGE: "check what it answers",
}


@pytest.mark.parametrize("kind", ON_HEALTH, ids=str)
async def test_missing_backend_health_keeps_our_probe(
    stage: Stage, health: Health, kind: FaultKind
) -> None:
    stage.arm.fault = Fault(kind=kind, on=frozenset({"health"}), retry_after=0)
    ended = await health("gw:lab-gw")
    assert ended.status == 1
    assert "lab/leaf-only 127.0.0.1: intermediate missing" in ended.out
    assert ON_HEALTH[kind] in ended.out
    assert "Traceback" not in ended.out + ended.err


async def test_forbidden_word_prints_the_role_as_json(stage: Stage, health: Health) -> None:
    stage.arm.fault = Fault(kind=FaultKind.FORBIDDEN, on=frozenset({"health"}))
    ended = await health("gw:rg-lab/lab-gw/lab/good")
    assert ended.status == 0, "our probe passes; that nobody asked the gateway is a warning"
    assert "WARN gateway" in ended.out
    role = ended.out[ended.out.index("{") : ended.out.rindex("}") + 1]
    assert (
        "Microsoft.Network/applicationGateways/backendhealth/action" in json.loads(role)["Actions"]
    )


@pytest.mark.parametrize("kind", ANSWERED, ids=str)
async def test_gateways_that_cannot_be_listed_end_with_2(
    stage: Stage, health: Health, kind: FaultKind
) -> None:
    stage.arm.fault = Fault(kind=kind, retry_after=0)
    plain, document = await health(), (await health(json_wanted=True))
    assert (plain.status, document.status) == (2, 2)
    assert plain.out.splitlines()[0].endswith(".")
    refusal = document.document["gateways"][0]["refusal"]
    assert refusal["sentence"] in plain.out
    shown = plain.out + plain.err + document.out + document.err
    assert "Traceback" not in shown
    assert stage.arm.token not in shown
    assert SUBSCRIPTION not in shown


@pytest.mark.parametrize("kind", [FaultKind.FORBIDDEN, FaultKind.NOT_FOUND], ids=str)
async def test_rehearsals_are_refused_as_health_is(
    stage: Stage, health: Health, capsys: pytest.CaptureFixture[str], kind: FaultKind
) -> None:
    stage.arm.fault = Fault(kind=kind, retry_after=0)
    refused = await health("gw:lab-gw", json_wanted=True)
    (gateway,) = refused.document["gateways"]
    for run in (partial(run_forecast, "gw:lab-gw", 90), partial(run_removal, "gw:lab-gw", "root")):
        status = await asyncio.to_thread(run, json_wanted=True)
        ended = Ended(status, *capsys.readouterr())
        assert (ended.status, ended.err) == (refused.status, "")
        assert (ended.document["gateway"], ended.document["refusal"]) == (None, gateway["refusal"])
        assert await asyncio.to_thread(run, json_wanted=False) == refused.status
        plain = capsys.readouterr()
        assert plain.out == ""
        assert plain.err.startswith(f"appgw: {gateway['refusal']['sentence']}")


async def test_poll_url_elsewhere_is_not_followed(stage: Stage, health: Health) -> None:
    stage.arm.add(
        gateway_spec(stage.lab),
        dict(health_words(stage.lab)),
        fault=Fault(kind=FaultKind.ELSEWHERE),
    )
    ended = await health("gw:lab-gw")
    assert ended.status == 1
    assert (
        "What came in place of the backend health of lab-gw is no answer of Azure's." in ended.out
    )


@pytest.mark.parametrize(
    ("target", "more", "shown"),
    [
        ("backend.contoso.com", {}, "health is for gateways"),
        ("gw:", {}, "gw:"),
        (None, {"APPGW_ARM_URL": "http://127.0.0.1:1"}, "APPGW_ARM_URL"),
        (None, {"APPGW_CA_BUNDLE": "/does/not/exist.pem"}, "APPGW_CA_BUNDLE"),
        (None, {"APPGW_AZURE_CREDENTIAL": "password"}, "APPGW_AZURE_CREDENTIAL"),
    ],
    ids=["a host", "no name", "plain http", "no such bundle", "unknown credential"],
)
async def test_unusable_line_or_setting_exits_2(
    health: Health, target: str | None, more: dict[str, str], shown: str
) -> None:
    ended = await health(target, **more)
    assert (ended.status, ended.out) == (2, ""), ended
    assert shown in ended.err
    assert "Traceback" not in ended.err


async def test_arm_id_of_another_subscription_is_not_asked(stage: Stage, health: Health) -> None:
    other = gateway_spec(stage.lab).id.replace(SUBSCRIPTION, f"{SUBSCRIPTION[:-1]}9")
    ended = await health(other, APPGW_SUBSCRIPTIONS=SUBSCRIPTION, json_wanted=True)
    assert (ended.status, stage.arm.calls["get"], stage.arm.calls["health"]) == (2, 0, 0)
    (answer,) = ended.document["gateways"]
    assert (answer["refusal"]["trouble"], answer["members"]) == ("out-of-scope", [])


async def test_two_gateways_are_one_too_many(stage: Stage) -> None:
    ended = await process(stage, "gw:lab-gw", "gw:other")
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)


async def test_unknown_name_suggests_the_near_one(health: Health) -> None:
    ended = await health("gw:lab-gv")
    assert ended.status == 2
    assert "Did you mean gw:rg-lab/lab-gw?" in ended.out


async def _until(terminal: int, words: str) -> None:
    """Read what a terminal shows, until these words stand there."""
    seen = b""
    while words.encode() not in seen:
        seen += await asyncio.to_thread(os.read, terminal, 65536)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("slow", "words"),
    [("list", "reading the gateways from Azure"), ("health", "reading backend health")],
    ids=["list", "health"],
)
async def test_lasting_stages_are_shown_until_ctrl_c(stage: Stage, slow: str, words: str) -> None:
    stage.arm.fault = Fault(kind=FaultKind.SLOW, on=frozenset({slow}), seconds=60)
    terminal, change_key = pty.openpty()
    environment = {
        "PATH": os.environ["PATH"],
        "SSL_CERT_FILE": os.environ["SSL_CERT_FILE"],
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "TERM": "xterm",
        **stage.environment(),
    }
    started = await asyncio.create_subprocess_exec(
        *appgw("health", "gw:lab-gw"),
        cwd=stage.folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=change_key,
    )
    os.close(change_key)
    await _until(terminal, words)
    started.send_signal(signal.SIGINT)
    out, _ = await within_limit(started.communicate())
    rest = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while piece := await asyncio.to_thread(os.read, terminal, 65536):
            rest += piece
    os.close(terminal)
    assert (started.returncode, out, b"Traceback" in rest, b"Error" in rest) == (
        130,
        b"",
        False,
        False,
    )


async def test_without_a_terminal_only_the_answer_is_written(stage: Stage) -> None:
    ended = await process(stage, "gw:rg-lab/lab-gw/lab/good")
    assert (ended.status, ended.err) == (0, "")


async def test_refused_sign_in_is_reported_once_without_log(stage: Stage) -> None:
    ended = await process(stage, "gw:lab-gw", APPGW_AZURE_CREDENTIAL="cli", PATH="/nonexistent")
    assert (ended.status, ended.err) == (2, "")
    assert "could not sign in to Azure (cli)" in ended.out


async def test_site_shows_the_members_behind_its_rule(health: Health, stage: Stage) -> None:
    (bad,) = (one for one in stage.lab.backends if one.name == "leaf-only")
    told = await health(f"site:{bad.host_name}")
    ended = await health(f"site:{bad.host_name}", json_wanted=True)
    (gateway,) = ended.document["gateways"]
    assert (ended.status, gateway["site"]) == (1, bad.host_name)
    (member,) = gateway["members"]
    assert (member["setting"], member["headline"]) == ("leaf-only", "INTERMEDIATE_MISSING")
    assert member["rules"][0].startswith("rule ")
    assert f"site {bad.host_name} on gateway lab-gw" in told.out


async def test_site_that_nobody_serves_ends_with_2(health: Health) -> None:
    ended = await health("site:nobody.example")
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert "nobody.example" in ended.err
