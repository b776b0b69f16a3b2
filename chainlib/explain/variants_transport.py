"""Steps for a failed connection: by the likeliest cause, then by what was observed.

`cause` is the first of the evidence's candidates. If several causes remain, the last steps say how
to distinguish them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from chainlib.causes import Cause
from chainlib.explain.values import Where
from chainlib.explain.variant import ANY, CHECK, Variant
from chainlib.findings import Code


def _reason(reason: str, *steps: str, where: Where | None = None) -> Variant:
    return Variant(when={"reason": reason}, steps=steps, where=where)


def _cause(cause: Cause, *steps: str, where: Where | None = None, **also: str) -> Variant:
    return Variant(when={"cause": cause.value, **also}, steps=steps, where=where)


def _status(status: int, *steps: str, where: Where | None = None) -> Variant:
    return Variant(when={"received": str(status)}, steps=steps, where=where)


def _statuses(*received: int, steps: tuple[str, ...]) -> Iterator[Variant]:
    return (_status(status, *steps) for status in received)


_BIND_THE_NAME = (
    "IIS: bind the site with this host name, or with no host name and SNI off as the default.",
    "nginx, HAProxy: add a server or a certificate for this name, or a default one.",
)
_NAME_ON_GATEWAY = (
    "Set a host name on the backend setting: one that the server's certificate carries.",
    "Let the custom probe pick its host name from the backend setting.",
)
_KNOWN_HOST = (
    "Set a host name on the backend setting that the server knows; without one the probe sends "
    "127.0.0.1."
)
_IN_THE_LOG = "Read the server's error log at this minute: it names the reason."

_TLS_FAILED = (
    _reason(
        "timeout",
        "Check that the server is not overloaded, and that this port is the one that speaks HTTPS.",
        "Check whether a firewall in between swallows TLS, or large packets (MTU).",
        "Behind a load balancer, check that its pool has members that answer.",
        "Check again.",
    ),
    _reason(
        "list-too-large",
        "Send only the server's own certificate and its intermediates; the list is far too long.",
        CHECK,
    ),
    _cause(Cause.SNI_REQUIRED, *_NAME_ON_GATEWAY, "Check again.", where=Where.GATEWAY),
    _cause(
        Cause.NAME_UNKNOWN,
        "Compare the host name that was sent ({server_name}) with the names that the server has.",
        *_BIND_THE_NAME,
        "Kubernetes: add the name to the Ingress and to its TLS secret.",
        "If the server is right, set its name as host name of backend setting and probe instead.",
        "Check again.",
        server_name=ANY,
    ),
    _cause(
        Cause.PROXY_PROTOCOL,
        "Switch off client IP preservation in the backend setting: this port expects TLS at once.",
        "Switch the PROXY header off in the setting's health probe as well.",
        "Or let the port accept it. nginx: listen ... proxy_protocol. HAProxy: accept-proxy.",
        "Check again.",
        where=Where.GATEWAY,
        proxy_header="True",
    ),
    _cause(
        Cause.PROXY_PROTOCOL,
        "Look whether this port expects a PROXY header; an HTTPS backend setting sends none.",
        "nginx: remove proxy_protocol from listen. HAProxy: remove accept-proxy from bind.",
        "Ingress, Envoy, load balancer: switch the PROXY protocol off for this port.",
        "Or give the backend setting a port without it.",
        CHECK,
    ),
    _cause(
        Cause.NO_MEMBERS,
        "Check the load balancer in front of the server: its pool has members, and they are up.",
        "HAProxy, NGINX Plus, F5: look at the state page; a pool without members closes at once.",
        "Kubernetes: check that the service has endpoints that are ready.",
        "Without a load balancer: the server may expect a PROXY header (version 2 was not tried) "
        "or not know the host name.",
        _IN_THE_LOG,
        "Check again.",
    ),
    _cause(
        Cause.CLIENT_CERTIFICATE,
        "Look whether the server demands a client certificate; the gateway has none to send.",
        "IIS: SSL settings, client certificates: ignore or accept. nginx: ssl_verify_client off.",
        _IN_THE_LOG,
        CHECK,
    ),
    _cause(
        Cause.LEGACY_RENEGOTIATION,
        "Update the server or its TLS library: it lacks secure renegotiation (RFC 5746).",
        "Windows Server: install the updates; since MS10-049 secure renegotiation is there.",
        "Behind an old load balancer or appliance, update its firmware or end TLS elsewhere.",
        CHECK,
    ),
    _cause(
        Cause.WEAK_DH,
        "Make a Diffie-Hellman group of 2,048 bits or more: openssl dhparam -out dhparam.pem 2048.",
        "nginx: ssl_dhparam; Apache: append it to the certificate; HAProxy: ssl-dh-param-file.",
        "Or offer ECDHE suites only. Java: set jdk.tls.ephemeralDHKeySize to 2048.",
        CHECK,
    ),
    _cause(
        Cause.NO_COMMON_CIPHER,
        "Offer a common cipher, for example ECDHE-RSA-AES128-GCM-SHA256 (EC key: ECDHE-ECDSA).",
        "nginx: ssl_ciphers; HAProxy: ssl-default-bind-ciphers; IIS: the order of cipher suites.",
        "Check that the certificate's key is RSA or EC on P-256, P-384 or P-521.",
        CHECK,
    ),
    _cause(
        Cause.KEY_MISMATCH,
        "Compare the certificate's public key with the server's private key: they must match.",
        "Install the pair that was issued together.",
        CHECK,
    ),
    _cause(
        Cause.NOT_HTTPS,
        "Check that this port is meant for HTTPS, not for another protocol.",
        "If another port of the server has HTTPS, give that one to the backend setting.",
        _IN_THE_LOG,
        "Check again.",
    ),
)
_SNI_REQUIRED = (
    Variant(
        when={"known_name": ANY},
        steps=(
            "Set {known_name} as host name of the backend setting: with it the server answers.",
            "Let the custom probe pick its host name from the backend setting.",
            "Check again.",
        ),
    ),
)
_HTTPS_PORT = "Give the backend setting the port on which the server speaks HTTPS."
_NOT_TLS = (
    Variant(
        when={"protocol_kind": "mail"},
        steps=(
            "This port speaks first and begins TLS only when asked (STARTTLS); the gateway cannot.",
            "Use the port that speaks TLS at once: 465 for SMTP, 993 for IMAP, 995 for POP3.",
            "Check again.",
        ),
    ),
    *(
        Variant(when={"protocol_kind": kind}, steps=(step, _HTTPS_PORT, "Check again."))
        for kind, step in (
            (
                "starttls",
                (
                    "This port speaks {protocol} and begins TLS only when asked (STARTTLS); the "
                    "gateway cannot."
                ),
            ),
            (
                "inside",
                (
                    "This port speaks {protocol}, which begins TLS within its own messages; an "
                    "HTTPS setting cannot use it."
                ),
            ),
            ("other", "This port speaks {protocol}, not HTTPS: look whether the port is right."),
        )
    ),
)
_HTTP_FAILED = (
    _cause(
        Cause.HTTP2_ONLY,
        "Let the server take HTTP/1.1 as well: the gateway's probe and requests use it.",
        "gRPC and Envoy: add a listener or codec that speaks HTTP/1.1 (codec_type AUTO).",
        "Or, where the gateway has it, set the protocol of the backend setting to HTTP/2.",
        CHECK,
    ),
    _cause(
        Cause.HEADER_TOO_LARGE,
        "Make the header of the answer smaller: large cookies and security headers fill it.",
        "Give the probe a path that sets no cookies.",
        CHECK,
    ),
    _cause(
        Cause.CLIENT_CERTIFICATE,
        "Look whether this path demands a client certificate: the server asked for one.",
        "IIS: SSL settings, client certificates: ignore or accept. nginx: ssl_verify_client off.",
        CHECK,
    ),
    _cause(
        Cause.CLOSED,
        "Read the server's error log at this minute: it closed the connection over the request.",
        "Check that the application behind the server runs and knows the probe's host name.",
        "Check again.",
    ),
    _cause(
        Cause.NOT_HTTP,
        "Check that this port serves HTTPS for the web, not another protocol over TLS.",
        "If another port of the server has HTTPS, give that one to the backend setting.",
        "Check again.",
    ),
)
_STATUS_MISMATCH = (
    _status(
        421,
        "Send the same name in the handshake (SNI) and as Host: the server serves them apart.",
        "Set one host name on the backend setting, and let the custom probe pick it from there.",
        "Check again.",
        where=Where.GATEWAY,
    ),
    _status(
        401,
        "Give the probe a path that answers without signing in.",
        "Or list 401 in a custom probe, where signing in is right for this path.",
        "Check again.",
    ),
    _status(
        403,
        "Read the server's log: an address filter, the host name or a missing sign-in may be why.",
        "IIS: 403.7 demands a client certificate; set client certificates to ignore or accept.",
        "Admit the gateway's subnet on the server, or give the probe a path that is open to it.",
        "Check again.",
    ),
    _status(
        400,
        "Read the server's log: it finds the probe's request malformed, mostly its host name.",
        _KNOWN_HOST,
        "Check again.",
    ),
    _status(
        404,
        "Give the probe a path that exists on the server under the probe's host name.",
        _KNOWN_HOST,
        "Check again.",
    ),
    *_statuses(
        405,
        501,
        steps=(
            "Let the probe's path answer GET: the health probe knows no other method.",
            "Or give the probe a path that does.",
            "Check again.",
        ),
    ),
    _status(
        407,
        "Look what answers at this address: 407 comes from a forward proxy, not from a web server.",
        "Correct the server's address in the backend pool, or the route that leads to the proxy.",
        "Check again.",
    ),
    *_statuses(
        426,
        505,
        steps=(
            "Let the server take HTTP/1.1 for the probe's path: it asks for another version.",
            "Or give the probe a path that needs no upgrade.",
            "Check again.",
        ),
    ),
    _status(
        429,
        "Exempt the gateway's subnet from the server's rate limit: every instance of it probes.",
        "Or give the probe a path that is not limited.",
        "Check again.",
    ),
    *_statuses(
        495,
        496,
        steps=(
            "Make the client certificate optional for the probe's path: the gateway has none.",
            "nginx: ssl_verify_client optional, or off; 495 and 496 are its own statuses for that.",
            CHECK,
        ),
    ),
    *_statuses(
        502,
        504,
        steps=(
            "Look behind the server: it is a proxy, and what it forwards to gives no answer.",
            _IN_THE_LOG,
            "Check again.",
        ),
    ),
    *_statuses(
        500,
        503,
        steps=(
            "Check that the application runs: 500 and 503 are errors of the server itself.",
            _IN_THE_LOG,
            "Or give the probe a path whose answer does not depend on what is broken.",
            "Check again.",
        ),
    ),
)
_FROM_THE_BOT = (
    "Read the gateway's backend health: its own probe reaches this server, and its result counts.",
    "For the bot's probe to reach it as well, let the bot's subnet reach this server: {open}.",
    "Check again.",
)
_DNS_FAILED = (
    _reason(
        "not-a-name",
        (
            "Write the name alone into the backend pool, without https://, port or path; the "
            "backend setting holds the port."
        ),
        "Check again.",
        where=Where.GATEWAY,
    ),
    Variant(
        when={"reached_by_gateway": "True"},
        steps=tuple(step.format(open="DNS of its network") for step in _FROM_THE_BOT),
    ),
)
_TCP_FAILED = (
    Variant(
        when={"reached_by_gateway": "True"},
        steps=tuple(step.format(open="security groups, routes") for step in _FROM_THE_BOT),
        where=Where.NETWORK,
    ),
    _reason(
        "refused",
        "Start the service; it must listen on this port, on all addresses, not on 127.0.0.1 only.",
        "If it does, look for a firewall on the server or on the way that answers with a refusal.",
        "Check again.",
        where=Where.SERVER,
    ),
)

TRANSPORT: Mapping[Code, tuple[Variant, ...]] = MappingProxyType(
    {
        Code.DNS_FAILED: _DNS_FAILED,
        Code.TCP_FAILED: _TCP_FAILED,
        Code.SNI_REQUIRED: _SNI_REQUIRED,
        Code.NOT_TLS: _NOT_TLS,
        Code.TLS_FAILED: _TLS_FAILED,
        Code.HTTP_FAILED: _HTTP_FAILED,
        Code.HTTP_STATUS_MISMATCH: _STATUS_MISMATCH,
    }
)
