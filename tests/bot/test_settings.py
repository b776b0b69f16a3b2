"""Settings: what is read, what is refused, and that every mistake is told at once without repeating a secret."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.settings import AzureCredential, Cloud, Settings, SettingsError, Transport, load_settings

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
    "database": ("APPGW_DATABASE_URL", "mysql://u:hush@db/x", "sqlite:///"),
    "target host bits": ("APPGW_ALLOWED_TARGETS", "10.0.0.1/8", "10.0.0.0/8"),
    "target url": ("APPGW_ALLOWED_TARGETS", "https://contoso.com", "contoso.com"),
    "target word": ("APPGW_ALLOWED_TARGETS", "con toso", "contoso.com"),
    "channel name": ("APPGW_ALLOWED_CHANNELS", "#incidents", "C0123ABCD"),
    "user name": ("APPGW_ALLOWED_USERS", "@kim", "U0123ABCD"),
    "team": ("APPGW_HOME_TEAM", "contoso", "T0123ABCD"),
    "intermediates": ("APPGW_INTERMEDIATES", "/nonexistent/int.pem", "CCADB CSV"),
    "downloads switch": ("APPGW_AIA", "yes please", "true, false, 1 or 0"),
    "switch": ("APPGW_ALLOW_LOOPBACK", "maybe", "true, false, 1 or 0"),
}


def test_defaults_are_those_of_the_contract() -> None:
    settings = load_settings(SOCKET)
    assert settings.transport is Transport.SOCKET
    assert (settings.http_port, settings.admin_port) == (3000, 8080)
    assert settings.slack_api_url == "https://slack.com/api/"
    assert (settings.azure_credential, settings.cloud) == (AzureCredential.MANAGED_IDENTITY, Cloud.PUBLIC)
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
    environ = {name: value for name, value, _ in REFUSED.values()} | {"APPGW_AZURE_CREDENTIAL": "static"}
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    told = {problem.split()[0] for problem in caught.value.problems}
    assert told == {name for name, _, _ in REFUSED.values()} - {"APPGW_AZURE_CREDENTIAL"} | {"APPGW_AZURE_STATIC_TOKEN"}


def test_nothing_set_names_both_transports() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({})
    assert [problem.split()[0] for problem in caught.value.problems] == ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"]


def test_one_port_for_both_servers_is_refused_in_http_mode_only() -> None:
    same = {"APPGW_HTTP_PORT": "8080"}
    assert load_settings(SOCKET | same).http_port == 8080
    with pytest.raises(SettingsError, match="same port"):
        load_settings(HTTP | same)


@pytest.mark.parametrize(("written", "meant"), [("true", True), ("1", True), ("TRUE", True), ("false", False), ("0", False), ("", False)])
def test_switch_takes_four_words(written: str, meant: bool) -> None:  # noqa: FBT001 -- a table of values
    assert load_settings(SOCKET | {"APPGW_ALLOW_LOOPBACK": written}).allow_loopback is meant


@pytest.mark.parametrize(
    ("content", "hint"),
    [("hello", "holds no certificate"), ("-----BEGIN EC PRIVATE KEY-----\nhush\n", "holds a private key")],
    ids=["no certificate", "a private key"],
)
def test_an_issuer_bundle_that_cannot_be_meant_is_refused(tmp_path: Path, content: str, hint: str) -> None:
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
    settings = load_settings(SOCKET | {"APPGW_ALLOWED_TARGETS": " Contoso.com, *.corp.example ,10.0.0.0/8,192.0.2.7,[2001:db8::1],"})
    assert settings.allowed_targets == ("contoso.com", "corp.example", "10.0.0.0/8", "192.0.2.7/32", "2001:db8::1/128")


@pytest.mark.parametrize("url", ["postgresql:///name?host=/socket/dir", "postgresql://u:p@db/x", "sqlite:////var/lib/a.db"])
def test_database_urls_are_taken_as_written(url: str) -> None:
    assert load_settings(SOCKET | {"APPGW_DATABASE_URL": url}).database_url == url


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "appgw.yaml"
    path.write_text(
        "SLACK_BOT_TOKEN: xoxb-file\nSLACK_APP_TOKEN: xapp-file\nAPPGW_ADMIN_PORT: 9001\nAPPGW_ALLOWED_TARGETS: [contoso.com]\n"
    )
    settings = load_settings({"SLACK_BOT_TOKEN": "xoxb-env"}, path)
    assert settings.slack_bot_token.get_secret_value() == "xoxb-env"
    assert (settings.admin_port, settings.allowed_targets) == (9001, ("contoso.com",))


@pytest.mark.parametrize(
    ("content", "told"),
    [("APPGW_ADMIN_PROT: 1", "APPGW_ADMIN_PORT"), ("colour: red", "colour"), ("- a", "holds no keys"), ("a: [", "cannot be read")],
    ids=["misspelt", "unknown", "a list", "not yaml"],
)
def test_a_file_that_cannot_be_meant_is_told(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "appgw.yaml"
    path.write_text(content)
    with pytest.raises(SettingsError) as caught:
        load_settings(SOCKET, path)
    (problem,) = caught.value.problems
    assert told in problem


def test_an_absent_file_counts_as_empty(tmp_path: Path) -> None:
    assert load_settings(SOCKET, tmp_path / "none.yaml").admin_port == 8080


def test_open_access_and_loopback_are_said_loudly() -> None:
    warnings = load_settings(SOCKET | {"APPGW_ALLOW_LOOPBACK": "1"}).warnings
    assert [warning.split(":")[0] for warning in warnings] == ["OPEN ACCESS", "APPGW_ALLOW_LOOPBACK is on"]


def test_a_closed_bot_warns_of_nothing() -> None:
    closed = {"APPGW_ALLOWED_CHANNELS": "C1AB", "APPGW_ALLOWED_USERS": "U1AB", "APPGW_HOME_TEAM": "T1AB"}
    assert load_settings(SOCKET | closed | {"APPGW_ALLOWED_TARGETS": "contoso.com"}).warnings == ()


def test_a_bot_that_may_probe_nothing_says_so_and_what_to_set() -> None:
    (warning,) = [one for one in load_settings(SOCKET).warnings if one.startswith("NOTHING MAY BE PROBED")]
    assert {"APPGW_SUBSCRIPTIONS", "APPGW_ALLOWED_TARGETS"} <= set(re.findall(r"APPGW_[A-Z_]+", warning))
    for enough in ({"APPGW_ALLOWED_TARGETS": "contoso.com"}, {"APPGW_AZURE_CREDENTIAL": "cli"}, {"APPGW_ALLOW_LOOPBACK": "1"}):
        assert not [one for one in load_settings(SOCKET | enough).warnings if one.startswith("NOTHING")]


def test_a_misspelt_variable_is_a_warning() -> None:
    assert "did you mean APPGW_ALLOWED_CHANNELS" in load_settings(SOCKET | {"APPGW_ALOWED_CHANNELS": "C1"}).warnings[-1]


def test_secrets_do_not_show_in_repr() -> None:
    shown = repr(load_settings(SOCKET | HTTP | {"APPGW_DATABASE_URL": "postgresql://u:hush@db/x", "APPGW_AZURE_STATIC_TOKEN": "hush"}))
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
