"""Settings: what is read, what is refused; all mistakes are named at once, no secret is."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bot.settings import AzureCredential, Cloud, Settings, SettingsError, Transport, load_settings
from bot.settings.load import ALIASES
from tests.support.reports import ROOT

SOCKET = {"SLACK_BOT_TOKEN": "xoxb-1-a", "SLACK_APP_TOKEN": "xapp-1-b"}
HTTP = {"SLACK_BOT_TOKEN": "xoxb-1-a", "SLACK_SIGNING_SECRET": "s3cret"}
REFUSED = {
    "bot token": ("SLACK_BOT_TOKEN", "xoxp-hush", "xoxb-"),
    "bot token with a line break": ("SLACK_BOT_TOKEN", "xoxb-hush\r\nX: y", "xoxb-"),
    "app token": ("SLACK_APP_TOKEN", "xoxb-hush", "xapp-"),
    "http port zero": ("APPGW_HTTP_PORT", "0", "1 to 65535"),
    "http port high": ("APPGW_HTTP_PORT", "65536", "1 to 65535"),
    "http port word": ("APPGW_HTTP_PORT", "http", "1 to 65535"),
    "admin port long": ("APPGW_ADMIN_PORT", "9" * 5000, "1 to 65535"),
    "api url without slash": ("APPGW_SLACK_API_URL", "https://slack.com/api", "ends in /api/"),
    "api url scheme": ("APPGW_SLACK_API_URL", "ftp://slack.com/api/", "ends in /api/"),
    "api url user info": ("APPGW_SLACK_API_URL", "https://u:hush@slack.com/api/", "ends in /api/"),
    "subscription": ("APPGW_SUBSCRIPTIONS", "prod", "0000"),
    "credential": ("APPGW_AZURE_CREDENTIAL", "password", "managed-identity"),
    "cloud": ("APPGW_CLOUD", "mars", "public, china, usgov"),
    "arm url": ("APPGW_ARM_URL", "http://localhost:1", "https://management.azure.com"),
    "ca bundle": ("APPGW_CA_BUNDLE", "/nonexistent/ca.pem", "PEM file"),
    "static token with a line break": ("APPGW_AZURE_STATIC_TOKEN", "hush\r\nX: y", "one line"),
    "signing secret with a zero-width space": ("SLACK_SIGNING_SECRET", "hush\u200b1", "one line"),
    "ca bundle with a line break": ("APPGW_CA_BUNDLE", "/etc/\n/x.pem", "one line"),
    "ca bundle without end": ("APPGW_CA_BUNDLE", "/dev/zero", "not a regular file"),
    "intermediates without end": ("APPGW_INTERMEDIATES", "/dev/zero", "not a regular file"),
    "database": ("APPGW_DATABASE_URL", "mysql://u:hush@db/x", "sqlite:///"),
    "database port word": ("APPGW_DATABASE_URL", "postgresql://u:hush@db:hush/x", "1 to 65535"),
    "database port that is a password": ("APPGW_DATABASE_URL", "postgresql://u:hush", "1 to 65535"),
    "database bracket": ("APPGW_DATABASE_URL", "postgresql://u:hush@[::1/x", "1 to 65535"),
    "database password with an at": ("APPGW_DATABASE_URL", "postgresql://u:a@hush@db/x", "%40"),
    "database password with a NUL": ("APPGW_DATABASE_URL", "postgresql://u:hush%00@db/x", "NUL"),
    "database file with options": ("APPGW_DATABASE_URL", "sqlite:///a.db?timeout=x", "behind a ?"),
    "database in memory": ("APPGW_DATABASE_URL", "sqlite:///:memory:", "sqlite:///data"),
    "database without a file": ("APPGW_DATABASE_URL", "sqlite://", "sqlite:///data"),
    "database file on a host": ("APPGW_DATABASE_URL", "sqlite://host/x.db", "sqlite:///data"),
    "target host bits": ("APPGW_ALLOWED_TARGETS", "10.0.0.1/8", "10.0.0.0/8"),
    "target url": ("APPGW_ALLOWED_TARGETS", "https://contoso.com", "contoso.com"),
    "target word": ("APPGW_ALLOWED_TARGETS", "con toso", "contoso.com"),
    "channel name": ("APPGW_ALLOWED_CHANNELS", "#incidents", "C0123ABCD"),
    "user name": ("APPGW_ALLOWED_USERS", "@kim", "U0123ABCD"),
    "team": ("APPGW_HOME_TEAM", "contoso", "T0123ABCD"),
    "http host": ("APPGW_HTTP_HOST", "localhost", "127.0.0.1"),
    "admin host": ("APPGW_ADMIN_HOST", "0.0.0", "127.0.0.1"),
    "asking bot name": ("APPGW_ASKING_BOTS", "Workflow", "B0123ABCD"),
    "alert app name": ("APPGW_ALERT_APPS", "Grafana", "A0123ABCD"),
    "intermediates": ("APPGW_INTERMEDIATES", "/nonexistent/int.pem", "CCADB CSV"),
    "downloads switch": ("APPGW_AIA", "yes please", "true, false, 1 or 0"),
    "switch": ("APPGW_ALLOW_LOOPBACK", "maybe", "true, false, 1 or 0"),
}


def test_defaults_are_those_of_the_contract() -> None:
    settings = load_settings(SOCKET)
    assert settings.transport is Transport.SOCKET
    assert (settings.http_port, settings.admin_port) == (3000, 8080)
    assert {settings.http_host, settings.admin_host} == {"127.0.0.1"}
    assert settings.slack_api_url == "https://slack.com/api/"
    assert (settings.azure_credential, settings.cloud) == (
        AzureCredential.MANAGED_IDENTITY,
        Cloud.PUBLIC,
    )
    assert settings.database_url == "sqlite:///data/appgw.sqlite3"
    assert settings.allow_loopback is False


def test_transport_without_app_token_is_http() -> None:
    assert load_settings(HTTP).transport is Transport.HTTP


def test_socket_mode_wins_when_both_are_given() -> None:
    assert load_settings(SOCKET | HTTP).transport is Transport.SOCKET


@pytest.mark.parametrize("case", REFUSED)
def test_one_mistake_is_one_sentence_with_the_fix(case: str) -> None:
    name, value, hint = REFUSED[case]
    with pytest.raises(SettingsError) as caught:
        load_settings(SOCKET | {name: value})
    (problem,) = caught.value.problems
    assert problem.startswith(name)
    assert hint in problem
    assert "hush" not in problem
    assert "\n" not in problem


def test_all_mistakes_are_told_at_once() -> None:
    environ = {name: value for name, value, _ in REFUSED.values()} | {
        "APPGW_AZURE_CREDENTIAL": "static"
    }
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    text_shown = {problem.split()[0] for problem in caught.value.problems}
    assert text_shown == {name for name, _, _ in REFUSED.values()} - {"APPGW_AZURE_CREDENTIAL"} | {
        "APPGW_AZURE_STATIC_TOKEN"
    }


def test_nothing_set_names_both_transports() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({})
    assert [problem.split()[0] for problem in caught.value.problems] == [
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
    ]


def test_shared_port_is_refused_in_http_mode_only() -> None:
    same = {"APPGW_HTTP_PORT": "8080"}
    assert load_settings(SOCKET | same).http_port == 8080
    with pytest.raises(SettingsError, match="same port"):
        load_settings(HTTP | same)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("true", True), ("1", True), ("TRUE", True), ("false", False), ("0", False), ("", False)],
)
def test_switch_takes_four_words(written: str, meant: bool) -> None:  # noqa: FBT001 -- a table of values
    assert load_settings(SOCKET | {"APPGW_ALLOW_LOOPBACK": written}).allow_loopback is meant


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ("hello", "holds no certificate"),
        ("-----BEGIN EC PRIVATE KEY-----\nhush\n", "holds a private key"),
    ],
    ids=["no certificate", "a private key"],
)
def test_unusable_issuer_bundle_is_refused(tmp_path: Path, content: str, hint: str) -> None:
    path = tmp_path / "issuers.pem"
    path.write_text(content)
    with pytest.raises(SettingsError, match=hint) as caught:
        load_settings(SOCKET | {"APPGW_INTERMEDIATES": str(path)})
    assert "hush" not in str(caught.value)


def test_issuers_are_taken_from_nowhere_unless_allowed(tmp_path: Path) -> None:
    path = tmp_path / "issuers.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\n")
    assert (load_settings(SOCKET).intermediates, load_settings(SOCKET).aia) == (None, False)
    allowed = load_settings(SOCKET | {"APPGW_INTERMEDIATES": str(path), "APPGW_AIA": "true"})
    assert (allowed.intermediates, allowed.aia) == (path, True)


def test_lists_are_comma_separated_and_normalised() -> None:
    settings = load_settings(
        SOCKET
        | {
            "APPGW_ALLOWED_TARGETS": (
                " Contoso.com, *.corp.example ,10.0.0.0/8,192.0.2.7,[2001:db8::1],"
            )
        }
    )
    assert settings.allowed_targets == (
        "contoso.com",
        "corp.example",
        "10.0.0.0/8",
        "192.0.2.7/32",
        "2001:db8::1/128",
    )


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///name?host=/socket/dir",
        "postgresql://u:p@db/x",
        "postgresql://u:p/w:[@db:5432/x",
        "postgresql://[2001:db8::5]:5432/x",
        "postgresql://u@db?sslmode=require",
        "sqlite:////var/lib/a.db",
    ],
)
def test_database_urls_are_taken_as_written(url: str) -> None:
    assert load_settings(SOCKET | {"APPGW_DATABASE_URL": url}).database_url == url


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "appgw.yaml"
    path.write_text(
        "SLACK_BOT_TOKEN: xoxb-file\nSLACK_APP_TOKEN: xapp-file\nAPPGW_ADMIN_PORT: "
        "9001\nAPPGW_ALLOWED_TARGETS: [contoso.com]\n"
    )
    settings = load_settings({"SLACK_BOT_TOKEN": "xoxb-env"}, path)
    assert settings.slack_bot_token.get_secret_value() == "xoxb-env"
    assert (settings.admin_port, settings.allowed_targets) == (9001, ("contoso.com",))


@pytest.mark.parametrize(
    ("content", "text_shown"),
    [
        ("APPGW_ADMIN_PROT: 1", "APPGW_ADMIN_PORT"),
        ("colour: red", "colour"),
        ("- a", "holds no keys"),
        ("a: [", "line 1"),
    ],
    ids=["misspelt", "unknown", "a list", "not yaml"],
)
def test_a_file_that_cannot_be_meant_is_told(tmp_path: Path, content: str, text_shown: str) -> None:
    path = tmp_path / "appgw.yaml"
    path.write_text(content)
    with pytest.raises(SettingsError) as caught:
        load_settings(SOCKET, path)
    (problem,) = caught.value.problems
    assert text_shown in problem


WRONG_KINDS = [
    "[a/, b/]",
    "{a: b}",
    "5.5",
    "[[a]]",
    "[5]",
    "!!set {a}",
    "2026-01-01",
    "2026-99-99",
    "!!bool x",
    "!!timestamp x",
    "0x" + "f" * 5000,
]
_NINE = ", ".join(["*{0}"] * 9)
ENDLESS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{_NINE.format(before)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize("value", WRONG_KINDS, ids=lambda value: value[:12])
def test_value_of_the_wrong_kind_is_one_sentence(tmp_path: Path, value: str) -> None:
    path = tmp_path / "appgw.yaml"
    for name in sorted(ALIASES):
        path.write_text(f"{name}: {value}\n")
        with pytest.raises(SettingsError) as caught:
            load_settings({key: token for key, token in SOCKET.items() if key != name}, path)
        assert [
            problem for problem in caught.value.problems if "\n" in problem or "digits" in problem
        ] == []
        assert any(
            problem.startswith((name, "appgw.yaml cannot be read"))
            for problem in caught.value.problems
        )


@pytest.mark.parametrize(
    "name",
    [
        "APPGW_HTTP_PORT",
        "APPGW_CLOUD",
        "APPGW_AIA",
        "APPGW_ALLOWED_TARGETS",
        "AZURE_CLIENT_ID",
        "APPGW_DATA_DIR",
    ],
)
@pytest.mark.timeout(60)
def test_endless_yaml_anchors_are_never_expanded(tmp_path: Path, name: str) -> None:
    path = tmp_path / "appgw.yaml"
    path.write_text(f"{ENDLESS}{name}: *j\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(SOCKET, path)
    assert any(problem.startswith(name) for problem in caught.value.problems)


@pytest.mark.parametrize(
    "content",
    ["[\n" * 20_000, "a: " + "{a: " * 5000, "x" * (2**20 + 1)],
    ids=["lists", "maps", "too large"],
)
def test_file_too_deep_or_too_large_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "appgw.yaml"
    path.write_text(content)
    with pytest.raises(SettingsError, match=r"appgw\.yaml cannot be read"):
        load_settings(SOCKET, path)


def test_file_that_is_a_pipe_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "appgw.yaml"
    os.mkfifo(path)
    with pytest.raises(SettingsError, match="not a regular file"):
        load_settings(
            SOCKET | {"APPGW_CA_BUNDLE": str(path), "APPGW_INTERMEDIATES": str(path)}, path
        )


def test_an_unknown_key_breaks_no_line(tmp_path: Path) -> None:
    path = tmp_path / "appgw.yaml"
    path.write_text('"\\e[31m\\nx": 1\n')
    with pytest.raises(SettingsError) as caught:
        load_settings(SOCKET, path)
    assert str(caught.value).isprintable()


def test_empty_value_in_the_file_counts_as_absent(tmp_path: Path) -> None:
    path = tmp_path / "appgw.yaml"
    path.write_text('APPGW_AZURE_STATIC_TOKEN: ""\nAZURE_CLIENT_ID: " "\nAPPGW_DATA_DIR: ""\n')
    assert (
        load_settings(SOCKET, path).model_fields_set
        & {"azure_static_token", "azure_client_id", "data_dir"}
        == set()
    )
    with pytest.raises(SettingsError, match="APPGW_AZURE_STATIC_TOKEN is missing"):
        load_settings(SOCKET | {"APPGW_AZURE_CREDENTIAL": "static"}, path)


@pytest.mark.parametrize("broken", ["hush", "AAAA"], ids=["no base64", "no certificate"])
def test_unreadable_ca_bundle_is_refused(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "ca.pem"
    path.write_text(f"-----BEGIN CERTIFICATE-----\n{broken}\n-----END CERTIFICATE-----\n")
    with pytest.raises(
        SettingsError, match="APPGW_CA_BUNDLE holds a certificate that cannot be read"
    ) as caught:
        load_settings(SOCKET | {"APPGW_CA_BUNDLE": str(path)})
    assert "hush" not in str(caught.value)


def test_a_ca_bundle_with_a_certificate_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(ROOT.pem)
    assert load_settings(SOCKET | {"APPGW_CA_BUNDLE": str(path)}).ca_bundle == path


def test_an_absent_file_counts_as_empty(tmp_path: Path) -> None:
    assert load_settings(SOCKET, tmp_path / "none.yaml").admin_port == 8080


def test_open_access_and_loopback_are_said_loudly() -> None:
    warnings = load_settings(SOCKET | {"APPGW_ALLOW_LOOPBACK": "1"}).warnings
    assert [warning.split(":")[0] for warning in warnings] == [
        "OPEN ACCESS",
        "APPGW_ALLOW_LOOPBACK is on",
    ]


def test_a_closed_bot_warns_of_nothing() -> None:
    closed = {
        "APPGW_ALLOWED_CHANNELS": "C1AB",
        "APPGW_ALLOWED_USERS": "U1AB",
        "APPGW_HOME_TEAM": "T1AB",
    }
    assert load_settings(SOCKET | closed | {"APPGW_ALLOWED_TARGETS": "contoso.com"}).warnings == ()


def test_bot_without_allowed_targets_says_what_to_set() -> None:
    (warning,) = [
        one for one in load_settings(SOCKET).warnings if one.startswith("NOTHING MAY BE PROBED")
    ]
    assert {"APPGW_SUBSCRIPTIONS", "APPGW_ALLOWED_TARGETS"} <= set(
        re.findall(r"APPGW_[A-Z_]+", warning)
    )
    for enough in (
        {"APPGW_ALLOWED_TARGETS": "contoso.com"},
        {"APPGW_AZURE_CREDENTIAL": "cli"},
        {"APPGW_ALLOW_LOOPBACK": "1"},
    ):
        assert not [
            one for one in load_settings(SOCKET | enough).warnings if one.startswith("NOTHING")
        ]


def test_a_misspelt_variable_is_a_warning() -> None:
    assert (
        "did you mean APPGW_ALLOWED_CHANNELS"
        in load_settings(SOCKET | {"APPGW_ALOWED_CHANNELS": "C1"}).warnings[-1]
    )


def test_secrets_do_not_show_in_repr() -> None:
    shown = repr(
        load_settings(
            SOCKET
            | HTTP
            | {"APPGW_DATABASE_URL": "postgresql://u:hush@db/x", "APPGW_AZURE_STATIC_TOKEN": "hush"}
        )
    )
    assert not {"hush", "xoxb-1-a", "s3cret", "xapp-1-b"} & set(shown.replace("'", " ").split())
    assert "hush" not in shown


def test_settings_are_frozen() -> None:
    settings = load_settings(SOCKET)
    with pytest.raises(ValueError, match="frozen"):
        settings.admin_port = 1


def test_the_process_environment_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPGW_ADMIN_PORT", "9999")
    assert load_settings(SOCKET).admin_port == 8080
    assert "slack_bot_token" in Settings.model_fields


LEAKS = {
    "bot token": "xoxb-hush-1",
    "app token": "XAPP-1-hush",
    "refresh token": "xoxe.xoxp-1-hush",
    "signing secret": "0123456789abcdef0123456789abcdef",
    "json web token": "eyJhbGciOiJub25lhush",
    "database with a password": "postgresql://u:hush@db/x",
    "long": "hush" * 11,
}
HOLDERS = [
    "APPGW_ALLOWED_USERS",
    "APPGW_ALLOWED_CHANNELS",
    "APPGW_HOME_TEAM",
    "APPGW_SUBSCRIPTIONS",
    "APPGW_HTTP_PORT",
    "APPGW_CLOUD",
    "APPGW_AIA",
    "APPGW_AZURE_CREDENTIAL",
]


@pytest.mark.parametrize("name", HOLDERS)
@pytest.mark.parametrize("kind", LEAKS)
def test_secret_in_the_wrong_variable_is_not_repeated(name: str, kind: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(SOCKET | {name: LEAKS[kind]})
    (problem,) = caught.value.problems
    assert problem.startswith(f"{name} ")
    assert LEAKS[kind][:12].lower() not in problem.lower()


def test_secret_on_the_allow_list_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(SOCKET | {"APPGW_ALLOWED_TARGETS": "contoso.com,postgresql://u:hush@db/x"})
    assert "hush" not in str(caught.value)


def test_secret_as_a_key_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "appgw.yaml"
    path.write_text("xoxb-hush-1: x\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(SOCKET, path)
    assert "hush" not in str(caught.value)


def test_what_is_short_and_wrong_is_repeated() -> None:
    with pytest.raises(SettingsError, match="holds '@kim'"):
        load_settings(SOCKET | {"APPGW_ALLOWED_USERS": "@kim"})


@pytest.mark.parametrize("key", ["APPGW_ALLOWED_TARGETS", "colour"])
def test_repeated_key_in_the_file_is_reported(tmp_path: Path, key: str) -> None:
    path = tmp_path / "appgw.yaml"
    path.write_text(f"{key}: contoso.com\nAPPGW_ADMIN_PORT: 9001\n{key}: fabrikam.com\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(SOCKET, path)
    assert (
        caught.value.problems[0]
        == f"{key} is given twice in appgw.yaml; keep one line and delete the other."
    )
