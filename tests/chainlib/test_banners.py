"""Which protocol answers on a port is told by its first bytes."""

from __future__ import annotations

import pytest

from chainlib.banners import banner_of

GREETINGS = {
    "imap": (b"* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n", "IMAP", True),
    "pop3": (b"+OK ready\r\n", "POP3", True),
    "smtp": (b"220 mail.contoso.test ESMTP\r\n", "SMTP", True),
    "smtp or ftp": (b"220 ready\r\n", "SMTP or FTP", True),
    "ftp": (b"220 (vsFTPd 3.0.5)\r\n", "FTP", True),
    "refusing mail server": (b"554 5.7.1 no service\r\n", "SMTP, FTP", True),
    "nntp": (b"200 news ready\r\n", "NNTP", True),
    "managesieve": (b'"IMPLEMENTATION" "x"\r\n', "ManageSieve", True),
    "mysql": (b"\x4a\x00\x00\x00\x0a8.0.36\x00", "MySQL", False),
    "mariadb refuses the host": (b"\x45\x00\x00\x00\xff\x6a\x04Host", "MySQL", False),
    "postgresql": (b"E\x00\x00\x00\x85SFATAL\x00", "PostgreSQL", False),
    "sql server": (b"\x04\x01\x00\x2b\x00\x00\x01\x00", "SQL Server", False),
    "ldap": (b"0\x0c\x02\x01\x00x", "LDAP", True),
    "ldap, long length": (b"0\x84\x00\x00\x00\x10\x02\x01\x00x", "LDAP", True),
    "rdp": (b"\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34", "Remote Desktop", False),
    "telnet": (b"\xff\xfd\x18\xff\xfd\x20", "Telnet", False),
    "ssh": (b"SSH-2.0-x\r\n", "SSH", False),
    "irc": (b":irc.contoso.test NOTICE AUTH :*** x\r\n", "IRC", False),
    "amqp": (b"AMQP\x00\x00\x09\x01", "AMQP", False),
    "http/2 without tls": (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18), "HTTP/2", False),
    "http/2 says goodbye": (b"\x00\x00\x08\x07\x00\x00\x00\x00\x00" + bytes(8), "HTTP/2", False),
    "plain http": (b"HTTP/1.1 400 Bad Request\r\n", "plain HTTP", False),
    "sip": (b"SIP/2.0 400 Bad Request\r\n", "SIP", False),
}


@pytest.mark.parametrize("named", GREETINGS, ids=str)
def test_protocol_is_recognised(named: str) -> None:
    start, protocol, starttls = GREETINGS[named]
    banner = banner_of(start)
    assert banner is not None
    assert (banner.protocol[: len(protocol)], banner.starttls) == (protocol, starttls)


@pytest.mark.parametrize(
    "start", [b"", b"N", b"ERROR\r\n", bytes(4), b"\x80\x03\x00\x00\x01", b"hello\r\n"], ids=repr
)
def test_what_nobody_knows_has_no_name(start: bytes) -> None:
    assert banner_of(start) is None
