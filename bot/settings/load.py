"""Reads the settings from environment and file, and collects all mistakes.

All mistakes are reported at once, because each restart takes a minute.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from bot.settings import files
from bot.settings.rules import is_harmless, written
from bot.settings.values import (
    DEFAULT_ADMIN_PORT,
    DEFAULT_HTTP_PORT,
    AzureSettings,
    DatabaseSettings,
    Settings,
)

ALIASES = {str(field.alias): name for name, field in Settings.model_fields.items() if field.alias}
_NEAR = 0.9
_MAX_YAML = 2**20
_Rules = tuple[tuple[bool, str], ...]
_Kind = TypeVar("_Kind", bound=AzureSettings)


class SettingsError(Exception):
    """The settings cannot be used.

    Attributes:
        problems: one sentence for each mistake, with the fix and an example.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load_settings(environ: Mapping[str, str], yaml_path: Path | None = None) -> Settings:
    """Read the settings of `appgw serve`.

    The environment overrides the file; an empty variable counts as absent.

    Args:
        environ: the process's environment.
        yaml_path: `appgw.yaml`; a missing file counts as empty.

    Raises:
        SettingsError: with every mistake.
    """
    return _load(Settings, _joined, environ, yaml_path)


def load_azure_settings(environ: Mapping[str, str], yaml_path: Path | None = None) -> AzureSettings:
    """Read only the settings for ARM, for terminal commands without Slack.

    Sources and errors as in `load_settings`.
    """
    return _load(AzureSettings, _azure_joined, environ, yaml_path)


def load_database_settings(
    environ: Mapping[str, str], yaml_path: Path | None = None
) -> DatabaseSettings:
    """Read only the settings of the database, for `appgw db`.

    Sources and errors as in `load_settings`.
    """
    return _load(DatabaseSettings, lambda _given: (), environ, yaml_path)


def _load(
    kind: type[_Kind],
    joined: Callable[[Mapping[str, Any]], _Rules],
    environ: Mapping[str, str],
    yaml_path: Path | None,
) -> _Kind:
    in_file, problems = _read_yaml(yaml_path)
    given = in_file | {
        name: value for name, value in environ.items() if name in ALIASES and value.strip()
    }
    problems += [sentence for broken, sentence in joined(given) if broken]
    strange = tuple(
        filter(
            None,
            (_strange(name) for name in sorted(environ) if name.startswith(("APPGW_", "SLACK_"))),
        )
    )
    try:
        settings = kind(**given, strange=strange)
    except ValidationError as error:
        problems += [_sentence(detail) for detail in error.errors() if detail["type"] != "missing"]
        raise SettingsError(tuple(problems)) from None
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def _read_yaml(path: Path | None) -> tuple[dict[str, Any], list[str]]:
    if path is None or not path.exists():
        return {}, []
    try:
        content, twice = _parsed(files.read(path, _MAX_YAML))
    except Exception as error:  # noqa: BLE001 -- the parser's errors for tags, dates and depths share no base class
        return {}, [
            (
                f"{path.name} cannot be read ({_reason(error)}); write lines such as "
                "APPGW_ADMIN_PORT: 8080."
            )
        ]
    if content is None:
        return {}, []
    if not isinstance(content, dict):
        return {}, [f"{path.name} holds no keys; write lines such as APPGW_ADMIN_PORT: 8080."]
    doubled = [
        (f"{_shown(key)} is given twice in {path.name}; keep one line and delete the other.")
        for key in twice
    ]
    unknown = [_shown(key) for key in content if key not in ALIASES]
    problems = [
        _strange(key) or f"{key} in {path.name} is not a setting; docs/settings.md lists the names."
        for key in unknown
    ]
    return {
        key: value for key, value in content.items() if key in ALIASES and not _is_blank(value)
    }, [*doubled, *problems]


def _parsed(content: bytes) -> tuple[object, tuple[str, ...]]:
    """The file's value, and its duplicate keys, of which YAML would silently take the last."""
    loader = yaml.SafeLoader(content)
    root = loader.get_single_node()
    keys = (
        [key.value for key, _ in root.value if isinstance(key, yaml.ScalarNode)]
        if isinstance(root, yaml.MappingNode)
        else []
    )
    value = loader.construct_document(root) if root else None
    return value, tuple(key for key, times in Counter(keys).items() if times > 1)


def _is_blank(value: object) -> bool:
    """An empty value counts as absent, as an empty variable does."""
    return value is None or (isinstance(value, str) and not value.strip())


def _reason(error: Exception) -> str:
    """Why a file cannot be read, with the line if the parser gives one.

    The content of the file is not shown.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    mark = getattr(error, "problem_mark", None)
    return f"{type(error).__name__} in line {mark.line + 1}" if mark else type(error).__name__


def _shown(key: object) -> str:
    """A key in a form for sentences: short, without characters that would break the line."""
    text = str(key) if isinstance(key, str | int | float) else f"({type(key).__name__})"
    return (
        "".join(c if c.isprintable() else "\ufffd" for c in text)
        if is_harmless(text)
        else "A key that is long or secret"
    )


def _joined(given: Mapping[str, Any]) -> _Rules:
    """Rules about several variables, as (broken, sentence)."""
    over_http = "SLACK_APP_TOKEN" not in given
    same_port = written(given.get("APPGW_HTTP_PORT", DEFAULT_HTTP_PORT)) == written(
        given.get("APPGW_ADMIN_PORT", DEFAULT_ADMIN_PORT)
    )
    return (
        (
            "SLACK_BOT_TOKEN" not in given,
            (
                "SLACK_BOT_TOKEN is missing; copy the Bot User OAuth Token of your Slack app, for "
                "example SLACK_BOT_TOKEN=xoxb-1234-abcd."
            ),
        ),
        (
            over_http and "SLACK_SIGNING_SECRET" not in given,
            (
                "SLACK_APP_TOKEN and SLACK_SIGNING_SECRET are both missing; set one, for example "
                "SLACK_APP_TOKEN=xapp-1-abcd for Socket Mode."
            ),
        ),
        *_azure_joined(given),
        (
            over_http and same_port,
            (
                "APPGW_HTTP_PORT and APPGW_ADMIN_PORT are the same port; give each its own, for "
                "example APPGW_ADMIN_PORT=8080."
            ),
        ),
    )


def _azure_joined(given: Mapping[str, Any]) -> _Rules:
    """Rules about several variables for ARM."""
    static = written(given.get("APPGW_AZURE_CREDENTIAL", "")).lower() == "static"
    missing = (
        "APPGW_AZURE_STATIC_TOKEN is missing; APPGW_AZURE_CREDENTIAL=static sends it, for example "
        "APPGW_AZURE_STATIC_TOKEN=demo."
    )
    return ((static and "APPGW_AZURE_STATIC_TOKEN" not in given, missing),)


def _strange(name: str) -> str | None:
    """A sentence about a name that looks like a misspelt setting."""
    if name in ALIASES:
        return None
    near = difflib.get_close_matches(name, ALIASES, n=1, cutoff=_NEAR)
    return f"{name[:60]} is not a setting; did you mean {near[0]}?" if near else None


def _sentence(detail: Mapping[str, Any]) -> str:
    name = str(detail["loc"][0])
    reason = detail.get("ctx", {}).get("error")
    return f"{name} {reason or 'is not of the right kind: ' + detail['msg']}."
