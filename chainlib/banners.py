"""Recognises the protocol behind a port that does not answer a ClientHello with TLS.

Only from the first bytes. Pure; sources are the protocols' own documents: RFC 5321 (SMTP), 959
(FTP), 9051 (IMAP), 1939 (POP3), 4511 (LDAP), 9113 (HTTP/2), 854 (Telnet), the protocol pages of
MySQL, PostgreSQL and TDS, MS-RDPBCGR.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache

from chainlib.frozen import dataclass


class BannerKind(StrEnum):
    """What the protocol means for an HTTPS backend setting.

    `mail` and `starttls` start TLS by a command, `inside` starts it within its own messages.
    """

    WEB = "web"
    MAIL = "mail"
    STARTTLS = "starttls"
    INSIDE = "inside"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """A recognised protocol, by its usual name."""

    protocol: str
    kind: BannerKind

    @property
    def starttls(self) -> bool:
        """Whether the protocol has a command that starts TLS."""
        return self.kind in {BannerKind.MAIL, BannerKind.STARTTLS}


def _row(pattern: bytes, protocol: str, kind: BannerKind) -> tuple[bytes, Banner]:
    return pattern, Banner(protocol=protocol, kind=kind)


_TABLE = (
    _row(rb"HTTP/", "plain HTTP", BannerKind.WEB),
    _row(rb"<(?:html|!doctype html)", "plain HTTP without a status line", BannerKind.WEB),
    # A frame on stream 0: SETTINGS with whole settings, or GOAWAY.
    _row(rb"\x00.[^\x00]?\x04[\x00\x01]\x00{4}", "HTTP/2 without TLS", BannerKind.WEB),
    _row(rb"\x00..\x07\x00\x00{4}", "HTTP/2 without TLS", BannerKind.WEB),
    _row(rb"<\?xml", "XMPP or other XML", BannerKind.STARTTLS),
    _row(rb"<stream:", "XMPP", BannerKind.STARTTLS),
    _row(rb"SSH-", "SSH", BannerKind.OTHER),
    _row(rb"220[ -].*(?:ftp|filezilla)", "FTP", BannerKind.STARTTLS),
    _row(rb"220[ -].*smtp", "SMTP", BannerKind.MAIL),
    _row(rb"220[ -]", "SMTP or FTP", BannerKind.MAIL),
    _row(rb"20[01] ", "NNTP", BannerKind.STARTTLS),
    _row(rb"[45]\d\d[ -]", "SMTP, FTP or a protocol like them", BannerKind.STARTTLS),
    _row(rb"\* (?:OK|PREAUTH|BYE)", "IMAP", BannerKind.MAIL),
    _row(rb"\+OK", "POP3", BannerKind.MAIL),
    _row(rb"-ERR", "Redis or POP3", BannerKind.OTHER),
    _row(rb'"IMPLEMENTATION"', "ManageSieve", BannerKind.STARTTLS),
    _row(rb":\S+ (?:NOTICE|020|001) ", "IRC", BannerKind.OTHER),
    _row(rb"RFB ", "VNC", BannerKind.OTHER),
    _row(rb"AMQP", "AMQP", BannerKind.OTHER),
    _row(rb"INFO \{", "NATS", BannerKind.OTHER),
    _row(rb"@RSYNCD", "rsync", BannerKind.OTHER),
    _row(rb"SIP/2", "SIP", BannerKind.OTHER),
    _row(rb"RTSP/", "RTSP", BannerKind.OTHER),
    _row(rb"PROXY (?:TCP[46]|UNKNOWN)", "the PROXY protocol", BannerKind.OTHER),
    # Length of three octets, number 0, protocol version 10 or an error.
    _row(rb"..\x00\x00[\x0a\xff]", "MySQL or MariaDB", BannerKind.INSIDE),
    # An ErrorResponse: length of four octets, then the field of the severity.
    _row(rb"E\x00\x00..S", "PostgreSQL", BannerKind.INSIDE),
    _row(rb"\x30.{1,5}?\x02\x01", "LDAP", BannerKind.STARTTLS),
    _row(rb"\x04\x01\x00", "SQL Server", BannerKind.INSIDE),
    _row(rb"\x03\x00\x00.\x0e?\xd0?", "Remote Desktop (RDP)", BannerKind.INSIDE),
    _row(rb"\xff[\xfb-\xfe]", "Telnet", BannerKind.OTHER),
)


def banner_of(start: bytes) -> Banner | None:
    """The protocol that begins with these bytes; `None` if unknown."""
    return next((banner for pattern, banner in _rows() if pattern.match(start)), None)


@cache  # compiled only when a peer answers without TLS
def _rows() -> tuple[tuple[re.Pattern[bytes], Banner], ...]:
    flags = re.IGNORECASE | re.DOTALL
    return tuple((re.compile(pattern, flags), banner) for pattern, banner in _TABLE)
