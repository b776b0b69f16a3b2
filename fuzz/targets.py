"""The fuzz targets: one function per parser, bytes in, nothing out.

A target catches only the errors that its parser documents. Any other exception is a finding of the
fuzzer, and so is a run that takes too long.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from bot.azure.gateway_document import translate_gateway
from bot.azure.health import translate_health
from bot.azure.messages import explain_message_json
from bot.commands.parse import parse_json
from bot.domain.gateway_ref import GatewayId
from bot.slack.invocation import Source, from_command, from_interaction, from_mention
from bot.slack.invocation import from_submission as from_view_submission
from chainlib import (
    Certificate,
    ChainlibError,
    GatewayPolicy,
    HttpProbeRule,
    PresentedChain,
    Target,
    TrustAnchors,
    TrustMode,
    explain,
    judge,
    load_certificates,
    repair,
)
from chainlib.aio.http import AnswerReader
from chainlib.handshake import GATEWAY_OFFER, ClientHandshake

Reader = Callable[[bytes], None]

AT = datetime(2026, 11, 1, tzinfo=UTC)
_TARGET = Target(host="backend.contoso.com")
_GATEWAY = GatewayId(subscription="s", group="rg", name="prod-gw")
_TEXT_LIMIT = 40_000


def files(data: bytes) -> None:
    """A certificate file: PEM, DER or PKCS #7, judged, explained and repaired where it is read."""
    with suppress(ChainlibError):
        certificates = tuple(load_certificates(data))
        chain = PresentedChain(target=_TARGET, certificates=certificates)
        policy = GatewayPolicy(name=_TARGET.host, anchors=_anchors(certificates))
        explain(judge(chain, policy, at=AT))
        repair(chain, policy, at=AT)


def _anchors(certificates: tuple[Certificate, ...]) -> TrustAnchors:
    return TrustAnchors(mode=TrustMode.UPLOADED_ROOTS, certificates=certificates[-1:])


def server_messages(data: bytes) -> None:
    """Bytes in place of a server's ServerHello and Certificate messages."""
    client = ClientHandshake(GATEWAY_OFFER, _TARGET.host)
    client.start()
    client.receive(data or b"\x00")  # a transport never passes on zero bytes
    client.take()
    client.observed()
    _ = client.certificates


def http_answer(data: bytes) -> None:
    """An answer to the HTTP probe, in pieces of three sizes."""
    client = ClientHandshake(GATEWAY_OFFER, _TARGET.host)
    rule = HttpProbeRule(host_header=_TARGET.host, body="ok")
    for size in (1, 7, 4096):
        reader = AnswerReader(rule)
        pieces = (data[i : i + size] for i in range(0, len(data), size))
        if not any(reader.feed(piece) for piece in pieces):
            reader.ended(client)


def arm_document(data: bytes) -> None:
    """A gateway document and a backend-health document of ARM."""
    document = _json(data)
    translate_gateway(document)
    translate_health(document, _GATEWAY, read_at=AT)


def arm_message(data: bytes) -> None:
    """One of Azure's messages, on its own or inside a longer text."""
    explain_message_json(_text(data))


def command(data: bytes) -> None:
    """The text behind a slash command or a mention."""
    parse_json(_text(data)[:2000])


def slack_payload(data: bytes) -> None:
    """A payload of Slack, parsed as every kind of invocation."""
    body = _json(data)
    if not isinstance(body, dict):
        return
    from_command(body)
    from_mention(body, "U0BOT")
    from_interaction(body, Source.SHORTCUT)
    from_view_submission(body, "backend.contoso.com")


def alert(data: bytes) -> None:
    """A message of a monitoring tool."""
    body = _json(data)
    read_alert(body if isinstance(body, dict) else {"text": _text(data)})


def read_alert(message: Mapping[str, Any]) -> None:
    """Read an alert; imported late, since the reader loads its list of public suffixes."""
    from bot.commands import alerts  # noqa: PLC0415 -- see above

    alerts.read_alert(message)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")[:_TEXT_LIMIT]


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


TARGETS: Mapping[str, Reader] = MappingProxyType(
    {
        "files": files,
        "server-messages": server_messages,
        "http-answer": http_answer,
        "arm-document": arm_document,
        "arm-message": arm_message,
        "command": command,
        "slack-payload": slack_payload,
        "alert": alert,
    }
)
