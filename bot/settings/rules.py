"""Rules that turn the text of one variable into a value.

The text of each `ValueError` is the second half of a sentence that begins with the variable's name.
No rule shows any part of a secret.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from urllib.parse import unquote, urlsplit

MAX_PORT = 65535
SWITCHES = {"true": True, "1": True, "false": False, "0": False}
_MAX_BITS = 64
_SUBSCRIPTION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MAX_SHOWN = 40  # an Azure ID has 36 characters
_SECRET = re.compile(
    r"xox[a-z]?[-.]|xapp-|eyJ[a-z0-9_-]{8}|^[0-9a-f]{32}$|://[^/@]*@", re.IGNORECASE
)
# A password may contain a slash, a colon or a bracket, so urllib cannot parse these URLs.
_POSTGRESQL = re.compile(
    r"postgresql://(?:[^:/]*(?::[^@]*)?@)?(?:\[[^/?]+\]|[^/:?\[]*)(?::(?P<port>[^/?]*))?(?:[/?].*)?"
)
_SQLITE = re.compile(r"sqlite:///(?!:memory:)[^?].*")
_HOST = re.compile(
    r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)


def shown(value: str) -> str:
    """A wrong value in a form for sentences: short, and never a possible secret."""
    return (
        repr(value)
        if is_harmless(value)
        else "something long or secret, which is not repeated here"
    )


def is_harmless(value: str) -> bool:
    """Whether a value may be shown.

    It is no longer than an ID and looks like no token, signing secret or URL with a password.
    """
    return len(value) <= _MAX_SHOWN and not _SECRET.search(value)


def text(value: object) -> str:
    """One line of visible text without surrounding white space.

    Line breaks and zero-width spaces from copying are reported.
    """
    if not isinstance(value, str):
        raise ValueError(f"is {type(value).__name__}, not text; put it in quotes in appgw.yaml")  # noqa: TRY004 -- pydantic collects ValueError
    line = value.strip()
    if not line.isprintable():
        raise ValueError(
            "holds a line break or another character that cannot be seen; copy it again as one line"
        )
    return line


def written(value: object) -> str:
    """A scalar value of appgw.yaml as text.

    Of other values only the type is shown, because anchors can make a short list endless.
    """
    plain = isinstance(value, str | float) or (
        isinstance(value, int) and value.bit_length() <= _MAX_BITS
    )
    return str(value).strip() if plain else f"({type(value).__name__})"


def port(value: object) -> int:
    """A TCP port."""
    number = written(value)
    if not _is_port(number):
        raise ValueError(
            f"is {shown(number)}, not a port; write a number from 1 to 65535, for example 8080"
        )
    return int(number)


def listening_address(value: object) -> str:
    """An IP address to listen on, in its canonical form."""
    given = text(value)
    try:
        return str(ipaddress.ip_address(given.strip("[]")))
    except ValueError:
        raise ValueError(
            f"is {shown(given)}, not an address; write for example 127.0.0.1, or 0.0.0.0 for every "
            "interface"
        ) from None


def _is_port(number: str) -> bool:
    return number.isascii() and number.isdigit() and 1 <= int(number[:9]) <= MAX_PORT


def switch(value: object) -> bool:
    """`true`, `false`, `1` or `0`, in any case."""
    word = written(value).lower()
    if word not in SWITCHES:
        raise ValueError(f"is {shown(word)}; write true, false, 1 or 0")
    return SWITCHES[word]


def names(value: object) -> tuple[str, ...]:
    """A comma-separated text, or a list in appgw.yaml; empty items are dropped."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise ValueError(
            "is not a list; separate the items with commas, for example contoso.com,10.0.0.0/8"
        )
    return tuple(item.strip() for item in items if item.strip())


def one_of(allowed: Sequence[str]) -> Callable[[object], str]:
    """A rule for one of a few words, in any case."""

    def rule(value: object) -> str:
        word = written(value).lower()
        if word not in allowed:
            raise ValueError(f"is {shown(word)}; write one of {', '.join(allowed)}")
        return word

    return rule


def token(prefix: str) -> Callable[[object], str]:
    """A rule for a Slack token of one kind; the token itself is never shown."""

    def rule(value: object) -> str:
        given = written(value)
        if not given.startswith(prefix) or not re.fullmatch(r"[A-Za-z0-9.-]+", given):
            raise ValueError(
                f"does not look like a token of its kind; it starts with {prefix}, for "
                f"example {prefix}1234-abcd"
            )
        return given

    return rule


def slack_api_url(value: str) -> str:
    """A base URL of Slack's Web API; the client appends the name of a method."""
    parts = _split(value)
    if parts is None or not value.endswith("/api/"):
        raise ValueError(
            "is not a Web API address; it starts with https:// and ends in /api/, for example "
            "https://slack.com/api/"
        )
    return value


def arm_url(value: str) -> str:
    """Another ARM endpoint, without a trailing slash."""
    parts = _split(value)
    if parts is None or parts != "https":
        raise ValueError("is not an https address; write for example https://management.azure.com")
    return value.rstrip("/")


def _split(value: str) -> str | None:
    """The scheme of a valid http(s) URL without user info, else `None`."""
    try:
        parts = urlsplit(value)
        usable = (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and parts.port != 0
        )
    except ValueError:
        return None
    return parts.scheme if usable else None


def passwords_of(url: str) -> tuple[str, ...]:
    """The passwords in a database URL, percent-encoded and decoded."""
    user_info, at, _ = url.partition("://")[2].rpartition("@")
    written = [user_info.partition(":")[2]] if at else []
    written += re.findall(r"[?&]password=([^&]+)", url)
    return tuple(form for one in written if one for form in (one, unquote(one)))


def database_url(value: object) -> str:
    """A SQLite or PostgreSQL URL; it may contain a password, so it is never shown."""
    url = text(value)
    server = _POSTGRESQL.fullmatch(url)
    if not server and not _SQLITE.fullmatch(url):
        raise ValueError(
            "is not a database address; write for example sqlite:///data/appgw.sqlite3 or "
            "postgresql://user@host/appgw"
        )
    if "?" in url and not server:
        raise ValueError("has options behind a ?; write for example sqlite:////data/appgw.sqlite3")
    if url.partition("?")[0].count("@") > 1 or "%00" in url:
        raise ValueError(
            "has an @ or a NUL in its user name or password; write an @ as %40, for example "
            "postgresql://user:a%40b@host/appgw"
        )
    if server and server["port"] and not _is_port(server["port"]):
        raise ValueError(
            "has a port that is not a number from 1 to 65535; write "
            "for example postgresql://user@host:5432/appgw"
        )
    return url


def subscriptions(values: tuple[str, ...]) -> tuple[str, ...]:
    """Azure subscription IDs."""
    for value in values:
        if not _SUBSCRIPTION.fullmatch(value):
            raise ValueError(
                f"holds {shown(value)}; write subscription ids, for example "
                "00000000-0000-0000-0000-000000000000"
            )
    return values


def targets(values: tuple[str, ...]) -> tuple[str, ...]:
    """Host suffixes, CIDRs and single addresses, lower case.

    `*.contoso.com` and `.contoso.com` mean `contoso.com`.
    """
    return tuple(_target(value.lower()) for value in values)


def _target(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value.strip("[]")))
    except ValueError:
        if re.fullmatch(r"[0-9./]+|.*[:/].*", value):
            raise ValueError(
                f"holds {shown(value)}, which is not a network; write for example 10.0.0.0/8 (host "
                "bits zero) or contoso.com"
            ) from None
    name = value.removeprefix("*").strip(".")
    if not _HOST.fullmatch(name):
        raise ValueError(
            f"holds {shown(value)}, which is not a host name; write for example contoso.com"
        )
    return name


def ids(kinds: str, example: str) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """A rule for Slack IDs whose first letter is one of `kinds`."""

    def rule(values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not re.fullmatch(f"[{kinds}][A-Z0-9]{{2,}}", value):
                raise ValueError(
                    f"holds {shown(value)}; write Slack's id, not the name, for example {example}"
                )
        return values

    return rule


def team(value: str) -> str:
    """The ID of a workspace or an Enterprise Grid organisation."""
    return ids("TE", "T0123ABCD")((value,))[0]
