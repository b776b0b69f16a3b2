"""Logs are JSON with the run id, and nothing that opens a door reaches them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from bot.domain.secrets import REDACTED
from bot.observability.logs import redacted, run_scope, set_up_logging
from tests.support.reports import LEAF

SECRETS = {
    "bot token": "xoxb-1234-5678-abcDEF",
    "app token": "xapp-1-A0-123-abcdef",
    "rotated token": "xoxe.xoxb-1-abc",
    "refresh token": "xoxe-1-abc",
    "response url": "https://hooks.slack.com/commands/T0/123/abcdef",
    "action url": "https://hooks.slack.com/actions/T0/123/abcdef",
    "stand-in response url": "http://127.0.0.1:1234/response/response-7",
    "socket ticket": "wss://wss-primary.slack.com/link/?ticket=abc-def",
    "trigger": "13345224609.738474920.8088930838d88f008e0",
    "bearer": "Bearer eyJhbGciOiJSUzI1NiJ9.e30.abc",
    "certificate": LEAF.pem.decode(),
    "cut certificate": LEAF.pem.decode()[:200],
    "private key": LEAF.key_pem.decode(),
    "subscription id": "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/rg",
    "database password": "postgresql://appgw:hush@db/appgw",
    "database password with signs": "postgresql://appgw:hu@sh/x@db/appgw",
    "bare token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln",
    "unsigned token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
    "basic": "Basic YXBwZ3c6aHVzaGh1c2g=",
    "shared access signature": "?sv=2024-01-01&sp=r&sig=aB%2Bc%2Fd%3D",
    "encoded signature": "sv%3D2024%26sig%3DaBcd1234",
    "password": "password=hushhush",
    "quoted password": "Password = 'hush hush hush'",
    "spoken password": "the Passphrase: hushhush",
    "json password": '{"user": "u", "password": "hushhush"}',
    "storage": "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=aHVzaGh1c2g=;",
    "service bus": "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=aHVzaGh1c2g=",
    "sql server": "Server=db;User Id=u;Pwd=hushhush;Encrypt=true",
    "client secret": "AZURE_CLIENT_SECRET=hushhush",
    "entra secret": "abc8Q~hushhushhushhushhushhushhushhush",
    "webhook": "https://hooks.slack.com/services/T0/B0/abcdef",
    "jwk": '{"kty": "EC", "d": "c2VjcmV0c2VjcmV0c2VjcmV0"}',
    "turned dashes": "\u2014BEGIN RSA PRIVATE KEY\u2014 MIIEowIBAAKCAQEA",
    "escaped hook": "https:\\/\\/hooks.slack.com\\/commands\\/T0\\/1\\/hush",
    "hook without scheme": "hooks.slack.com/actions/T0/1/hush",
    "signature of Slack": "X-Slack-Signature: v0=" + "ab12" * 16,
    "bearer with a colon": "Bearer: hush1hush",
    "negotiate": "Proxy-Authorization: Negotiate hush1hush",
    "quoted header": "'Authorization': 'Token hush1hush'",
    "database variable": "PGPASSWORD=hush",
    "key header": "x-api-key: hush1hushhushhush",
    "subscription key header": "Ocp-Apim-Subscription-Key: hush1hushhushhush",
    "secret with a colon": "secret: hush1hushhushhush",
    "token with a colon": "token: hush1hushhushhush",
    "socket ticket alone": "ticket=hush1hushhushhush",
    "cookie": "Set-Cookie: session=hush; Path=/",
    "trigger by name": "trigger_id=123.456.hush",
    "option": "az login --password hush -u me",
    "basic of curl": "curl -u user:hush https://x",
    "basic of curl spelt out": "curl --user user:hush https://x",
    "basic of curl without a space": "curl -uuser:hush https://x",
    "short option of a sign-in": "az login --service-principal -u me -p hush -t tenant",
    "short option of sshpass": "sshpass -p hush ssh host",
    "pass phrase of openssl": "openssl pkcs12 -in a.pfx -passin pass:hush -nodes",
    "secure string": "ConvertTo-SecureString 'hush' -AsPlainText -Force",
    "encoded cookie of Slack": "xoxd-ab%2Bhush%2F",
    "password in words": "the password is hush",
    "token of a forge": "glpat-hush1hush1hush1hush1",
    "key without any sign": "AKIA" + "A1B2" * 4,
    "key of a mailer": "SG.hush1hush1hush1hush.hush1hush1hush1hush",
    "bare key": LEAF.key_pem.decode().split("-----")[2].replace("\n", ""),
}
CORES = {
    "signature of Slack": "ab12ab12",
    "subscription id": "0b1f6471-1bf0-4dda-aec3-cb9272f09590",
    "shared access signature": "aB%2Bc",
    "encoded signature": "aBcd1234",
    "storage": "aHVzaGh1c2g",
    "service bus": "aHVzaGh1c2g",
    "jwk": "c2VjcmV0",
    "turned dashes": "MIIEow",
}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    set_up_logging(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def records(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_struck_out_wherever_it_stands(kind: str, written: io.StringIO) -> None:
    secret = SECRETS[kind]
    log = logging.getLogger("bot.test")
    log.warning("said %s and on", secret)
    log.warning("beside", extra={"note": secret, "deep": {"list": [secret, {"more": secret}]}})
    log.error("raised", exc_info=RuntimeError(secret))
    core = secret.splitlines()[1][:40] if "\n" in secret else secret
    core = CORES.get(kind, "hush" if "hush" in secret else core)
    assert core not in written.getvalue()
    assert written.getvalue().count(REDACTED) >= 4


def test_secret_in_the_name_of_a_logger(written: io.StringIO) -> None:
    logging.getLogger("bot.password=hush").warning("x")
    assert "hush" not in written.getvalue()


def test_secret_fields_by_name_are_removed(written: io.StringIO) -> None:
    logging.getLogger("bot.test").warning(
        "x", extra={"response_url": "short", "body": {"trigger_id": "t", "accountKey": "v"}}
    )
    (record,) = records(written)
    assert (record["response_url"], record["body"]) == (
        REDACTED,
        {"trigger_id": REDACTED, "accountKey": REDACTED},
    )


def test_a_record_carries_the_run_id(written: io.StringIO) -> None:
    with run_scope("ab12cd34"):
        logging.getLogger("bot.test").info("within")
    logging.getLogger("bot.test").info("after")
    within, after = records(written)
    assert within["run_id"] == "ab12cd34"
    assert "run_id" not in after
    assert {"at", "level", "name", "message"} <= set(within)


def test_ordinary_values_are_left_alone() -> None:
    value = {
        "target": "backend.contoso.com:8443",
        "code": "INTERMEDIATE_MISSING",
        "ms": 3.5,
        "link": "https://learn.microsoft.com/x",
        "sentence": "Slack refused the token: invalid_auth; the signature of CN=x is not valid.",
        "path": "/subscriptions/x/resourceGroups/rg/providers/Microsoft.Network",
        "query": "https://backend.contoso.com:8443/health?probe=1&sign=no",
        "digest": "sha256:" + "0a" * 32,
        "time": "2026-11-23T09:00:00Z",
        "jwk": '{"kty": "EC", "x": "c2VjcmV0c2VjcmV0"}',
        "database": "sqlite:////data/appgw.sqlite3",
        "colons": "token: missing_scope; secret: SLACK_SIGNING_SECRET; ticket=INC0012345",
        "options": "appgw check backend.contoso.com --sni api.contoso.com -u",
        "words": "A new private key is a new certificate; begin again.",
    }
    assert redacted(value) == value


def test_own_secrets_are_struck_out_by_value() -> None:
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    set_up_logging(stream, own=("0123456789abcdef0123456789abcdef", 'pass "w/ord', "short"))
    try:
        logging.getLogger("bot.test").error(
            "raised short",
            exc_info=RuntimeError('0123456789abcdef0123456789abcdef pass "w/ord pass+%22w%2Ford'),
        )
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert "89abcdef" not in stream.getvalue()
    assert "ord" not in stream.getvalue().replace("record", "").replace("word", "")
    assert "raised short" in stream.getvalue()


def test_deep_value_is_cut_and_never_raises(written: io.StringIO) -> None:
    deep: dict[str, Any] = {"password": "hushhush"}
    for _ in range(5000):
        deep = {"a": [deep]}
    logging.getLogger("bot.test").warning("deep", extra={"body": deep})
    (record,) = records(written)
    assert record["message"] == "deep"
    assert REDACTED in json.dumps(record["body"])


def test_libraries_speak_only_from_warnings_on(written: io.StringIO) -> None:
    logging.getLogger("slack_sdk").info("body with response_url")
    assert written.getvalue() == ""
