"""The tools; each returns the JSON object that its terminal command prints with `--json`."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeVar

from bot.azure.messages import explain_message_json
from bot.cards.escaping import clean
from bot.checks import CheckContext
from bot.checks import check as check_backend
from bot.domain.refusal import Refusal
from bot.mcp.inputs import (
    CheckInput,
    ExplainInput,
    ForecastInput,
    HealthInput,
    RehearseInput,
    ToolInput,
    source,
    sources,
    understood,
)
from bot.reports.check_json import as_json
from bot.reports.health_json import as_document
from bot.settings import SettingsError
from bot.terminal.commands import CheckOptions, RehearseOptions, check_request, rehearsal
from bot.terminal.forecast import forecast_command
from bot.terminal.health import health_answers
from bot.terminal.inputs import InputError
from bot.terminal.removal import removal_command
from bot.terminal.what_if import WhatIfCommand, answer
from chainlib.frozen import dataclass

Answer = TypeVar("Answer")
_LONGEST_REFUSAL = 4000
_WITH_EXAMPLE = re.compile(r"for example|\bwrite\b|\bsend\b")
_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")


class ToolRefused(Exception):
    """The tool gives no answer; the text says why, with an example or what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool.

    Attributes:
        name: the name of the terminal command.
        title: for users.
        description: for the assistant, which decides by it when to call the tool.
        inputs: the type of the arguments.
        answer: takes the arguments and returns the JSON object of `--json`.
        example: valid arguments.
        output: important keys of the object, with their meaning.
    """

    name: str
    title: str
    description: str
    inputs: type[ToolInput]
    answer: Callable[[Any], Awaitable[dict[str, Any]]]
    example: Mapping[str, Any]
    output: Mapping[str, Any]

    async def call(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The answer as a JSON object.

        Raises:
            ToolRefused: the arguments, the settings or Azure permit no answer.
        """
        example = dict(self.example)
        try:
            return await self.answer(understood(self.inputs, arguments, example))
        except (InputError, SettingsError) as error:
            raise ToolRefused(_in_arguments(str(error), example)) from None


def _in_arguments(sentence: str, example: Mapping[str, Any]) -> str:
    """A sentence of the terminal rewritten for an assistant.

    Options become argument names, except inside whole commands, and an example is added.
    """
    said, command, rest = sentence.partition("appgw ")
    named = _OPTION.sub(lambda option: option[1].replace("-", "_"), said) + command + rest
    shown = named if _WITH_EXAMPLE.search(named) else f"{named.rstrip('.')}; {_instead(example)}"
    return clean(shown, _LONGEST_REFUSAL)


def _instead(example: Mapping[str, Any]) -> str:
    return f"arguments that work are for example {json.dumps(example)}."


async def _about_gateway(command: WhatIfCommand[Answer]) -> dict[str, Any]:
    found = await answer(command, quiet=True)
    if isinstance(found, Refusal):
        raise ToolRefused(clean(" ".join((found.sentence, *found.remedy)), _LONGEST_REFUSAL))
    return command.document(found)


async def _check(given: CheckInput) -> dict[str, Any]:
    options = CheckOptions(
        target=given.target,
        sni=given.sni,
        host_name=given.host_name,
        path=given.path,
        roots=sources(given.root, "root"),
        auth_certificates=sources(given.auth_cert, "auth_cert"),
        sku=given.sku,
        validate_chain=not given.no_validate_chain,
        validate_name=not given.no_validate_name,
        live_name=given.live_name,
        at=given.at,
        timeout=given.timeout,
    )
    request, at = await asyncio.to_thread(check_request, options)
    context = CheckContext(clock=lambda: at or datetime.now(tz=UTC), timeout=given.timeout)
    return as_json(await check_backend(request, context))


async def _rehearse(given: RehearseInput) -> dict[str, Any]:
    if given.without_root is not None:
        return await _about_gateway(removal_command(given.chain, given.without_root))
    options = RehearseOptions(
        chain=source(given.chain, "chain"),
        name=given.name,
        roots=sources(given.root, "root"),
        auth_certificates=sources(given.auth_cert, "auth_cert"),
        sku=given.sku,
        validate_chain=not given.no_validate_chain,
        validate_name=not given.no_validate_name,
        live_name=given.live_name,
        at=given.at,
    )
    return as_json(await asyncio.to_thread(rehearsal, options))


async def _health(given: HealthInput) -> dict[str, Any]:
    return as_document(await health_answers(given.target, timeout=given.timeout, quiet=True))


async def _forecast(given: ForecastInput) -> dict[str, Any]:
    return await _about_gateway(forecast_command(given.target, given.days))


async def _explain(given: ExplainInput) -> dict[str, Any]:
    return await asyncio.to_thread(explain_message_json, given.text, given.name or "")


def _object(required: tuple[str, ...] = (), **keys: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema of an object that may contain more than these keys."""
    return {"type": "object", "properties": keys, "required": list(required)}


def _key(kind: str, description: str) -> dict[str, Any]:
    return {"type": kind, "description": description}


_HEADLINE = _key("string", "The first critical finding's code, else the first warning's, else OK.")
_FINDINGS = _key(
    "array",
    "Every finding: code, severity, one sentence, evidence, basis (why it is believed), and fix "
    "with the steps.",
)
_VERDICT = _object(
    headline=_HEADLINE,
    findings=_FINDINGS,
    accepted=_key("boolean", "Whether the gateway would accept the backend server."),
    presented=_key("array", "The certificates that were sent, in their order."),
    path=_key("array", "The certification path, with what is missing in it."),
    repair={"description": "The corrected chain and root as PEM; null when nothing needs repair."},
    browser={"description": "How a browser judges the same chain."},
    not_checked=_key("array", "What was not checked."),
)

TOOLS = MappingProxyType(
    {
        tool.name: tool
        for tool in (
            Tool(
                name="check",
                title="Check one backend server",
                description="Connect to one backend server as Azure Application Gateway's health "
                "probe does, judge the certificate chain that it sends, and explain in codes and "
                "steps what the gateway refuses. Use it for a 502, an unhealthy backend or a "
                "certificate question about one host.",
                inputs=CheckInput,
                answer=_check,
                example={"target": "backend.contoso.com"},
                output=_VERDICT,
            ),
            Tool(
                name="health",
                title="Backend health of gateways",
                description="Read gateways through Azure Resource Manager: what each gateway "
                "reports of its backend servers, beside our own probe of them. Takes ten seconds "
                "or more. Needs Azure credentials in the environment of this server.",
                inputs=HealthInput,
                answer=_health,
                example={"target": "gw:prod-gw"},
                output=_object(
                    ("gateways",),
                    gateways=_key("array", "Each gateway with its members, worst member first."),
                ),
            ),
            Tool(
                name="rehearse",
                title="Judge a chain before it is installed",
                description="Judge a certificate chain that is not installed yet, as Azure "
                "Application Gateway would; nothing is connected to. Or, with without_root, say "
                "which servers break if a trusted root is removed from a gateway.",
                inputs=RehearseInput,
                answer=_rehearse,
                example={"chain": "/etc/ssl/fullchain.pem", "name": "backend.contoso.com"},
                output=_VERDICT,
            ),
            Tool(
                name="explain-message",
                title="Explain a message of Azure's",
                description="Find Azure Application Gateway's backend-health message in a text and "
                "name the code of its cause. UNRECOGNISED where no rule matches.",
                inputs=ExplainInput,
                answer=_explain,
                example={"text": "The Common Name (CN) of the backend certificate doesn't match."},
                output=_object(
                    ("code", "numbers"),
                    code=_key("string", "The code of the cause."),
                    numbers=_key("object", "Status codes and error code that the text names."),
                ),
            ),
            Tool(
                name="forecast",
                title="What breaks next on a gateway",
                description="Judge every backend server of a gateway at each date at which a "
                "certificate begins or ends, and say on which day what breaks if nobody does "
                "anything. Needs Azure credentials in the environment of this server.",
                inputs=ForecastInput,
                answer=_forecast,
                example={"target": "gw:prod-gw", "days": 90},
                output=_object(
                    ("breaks", "changes"),
                    breaks=_key("boolean", "Whether anything breaks within the days."),
                    changes=_key("array", "Dates with their cause and the servers that break."),
                    refused=_key("array", "Servers that the gateway refuses already."),
                    not_judged=_key("array", "Servers that could not be judged, with the reason."),
                ),
            ),
        )
    }
)
"""Every tool by its name."""
