"""The faults of the lab's backends, with the expected verdicts. Add a recipe to add a backend."""

from __future__ import annotations

import ssl
from typing import Final

from chainlib import Code, HttpProbeRule
from playground.lab.authority import DAY
from playground.lab.catalogue_refused import REFUSED
from playground.lab.peers import plain_http, say, tarpit
from playground.lab.recipe import BackendRecipe
from playground.lab.servers import OLD, TLS_1_2, TlsSettings, respond
from playground.lab.starts import (
    full,
    issuing_only,
    nothing,
    other_default,
    reissued,
    self_signed,
    serve,
    talk,
)

_EXPIRED: Final = {
    "not_before": lambda a: a.now - 100 * DAY,
    "not_after": lambda a: a.now - 3 * DAY,
}
_FUTURE: Final = {"not_before": lambda a: a.now + 2 * DAY, "not_after": lambda a: a.now + 90 * DAY}
_ENDING: Final = {"not_before": lambda a: a.now - 85 * DAY, "not_after": lambda a: a.now + 5 * DAY}
_OTHER_NAME: Final = {"dns": ("shop.contoso.test",)}

CATALOGUE: Final[tuple[BackendRecipe, ...]] = (
    BackendRecipe(
        name="good", description="everything as it should be", expected=Code.OK, start=serve(full)
    ),
    BackendRecipe(
        name="leaf-only",
        description="sends its own certificate and no intermediate",
        expected=Code.INTERMEDIATE_MISSING,
        start=serve(lambda _a, leaf: (leaf,)),
    ),
    BackendRecipe(
        name="missing-lower",
        description="sends one of two intermediates; the lower one is missing",
        expected=Code.INTERMEDIATE_MISSING,
        start=serve(lambda a, leaf: (leaf, a.upper)),
    ),
    BackendRecipe(
        name="missing-upper",
        description="sends one of two intermediates; the upper one is missing",
        expected=Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
        start=serve(lambda a, leaf: (leaf, a.issuing)),
    ),
    BackendRecipe(
        name="wrong-order",
        description="sends the intermediates in the wrong order",
        expected=Code.CHAIN_OUT_OF_ORDER,
        start=serve(lambda a, leaf: (leaf, a.upper, a.issuing)),
    ),
    BackendRecipe(
        name="root-in-middle",
        description="sends the root between the intermediates",
        expected=Code.CHAIN_OUT_OF_ORDER,
        start=serve(lambda a, leaf: (leaf, a.issuing, a.root, a.upper)),
        also=(Code.CHAIN_EXTRA,),
    ),
    BackendRecipe(
        name="root-included",
        description="sends the root as well, which is harmless",
        expected=Code.OK,
        start=serve(lambda a, leaf: (*full(a, leaf), a.root)),
        also=(Code.CHAIN_EXTRA,),
    ),
    BackendRecipe(
        name="unrelated-extra",
        description="sends a certificate that belongs to no path",
        expected=Code.OK,
        start=lambda world, host: serve(lambda a, leaf: (*full(a, leaf), world.northwind.issuing))(
            world, host
        ),
        also=(Code.CHAIN_EXTRA,),
    ),
    BackendRecipe(
        name="wrong-root",
        description="the gateway was given another CA's root",
        expected=Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,
        start=serve(full, owner="northwind"),
    ),
    BackendRecipe(
        name="wrong-root-sent",
        description="the gateway was given another CA's root, and the server sends its own",
        expected=Code.ROOT_MISMATCH,
        start=serve(lambda a, leaf: (*full(a, leaf), a.root), owner="northwind"),
        also=(Code.CHAIN_EXTRA,),
    ),
    BackendRecipe(
        name="root-not-attached",
        description="the right root lies on the gateway, not attached to the setting",
        expected=Code.ROOT_NOT_ATTACHED,
        start=serve(full, owner="fabrikam"),
        also=(Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,),
    ),
    BackendRecipe(
        name="intermediate-as-root",
        description="the gateway was given the intermediate instead of the root",
        expected=Code.UPLOADED_ROOT_UNUSABLE,
        start=serve(full, owner="northwind"),
        roots=issuing_only,
        also=(Code.NO_UPLOADED_ROOT_SIGNS_CHAIN,),
    ),
    BackendRecipe(
        name="no-root-given",
        description="a private CA, and the gateway was given no root",
        expected=Code.INTERMEDIATE_UNKNOWN_CA,
        start=serve(full, owner="northwind"),
        roots=nothing,
    ),
    BackendRecipe(
        name="reissued-root",
        description="another edition of the right root, with the same key",
        expected=Code.ROOT_MISMATCH,
        start=serve(lambda a, leaf: (*full(a, leaf), a.root)),
        roots=reissued,
    ),
    BackendRecipe(
        name="expired-leaf",
        description="its own certificate ran out",
        expected=Code.CERTIFICATE_EXPIRED,
        start=serve(full, leaf=_EXPIRED),
    ),
    BackendRecipe(
        name="expired-intermediate",
        description="an intermediate ran out",
        expected=Code.CERTIFICATE_EXPIRED,
        start=serve(lambda a, leaf: (leaf, a.expired_issuing(), a.upper)),
    ),
    BackendRecipe(
        name="not-yet-valid",
        description="its certificate is valid from the day after tomorrow",
        expected=Code.CERTIFICATE_NOT_YET_VALID,
        start=serve(full, leaf=_FUTURE),
    ),
    BackendRecipe(
        name="expiring",
        description="its certificate runs out in five days",
        expected=Code.CERTIFICATE_EXPIRING,
        start=serve(full, leaf=_ENDING),
    ),
    BackendRecipe(
        name="wrong-name",
        description="a certificate for another host",
        expected=Code.NAME_MISMATCH,
        start=serve(full, leaf=_OTHER_NAME),
    ),
    BackendRecipe(
        name="self-signed",
        description="signed by itself and no CA",
        expected=Code.SELF_SIGNED_NOT_CA,
        start=self_signed,
    ),
    BackendRecipe(
        name="live-name",
        description="fine for the probe, another name for live traffic",
        expected=Code.LIVE_NAME_MISMATCH,
        start=serve(full),
        rule=HttpProbeRule(),
        live_name="www.contoso.test",
    ),
    BackendRecipe(
        name="validation-off",
        description="expired, and the setting does not look",
        expected=Code.VALIDATION_OFF,
        start=serve(full, leaf=_EXPIRED),
        validate_chain=False,
    ),
    BackendRecipe(
        name="client-certificate",
        description="wants a certificate from the gateway",
        expected=Code.CLIENT_CERTIFICATE_REQUIRED,
        start=serve(full, tls=TlsSettings(versions=TLS_1_2, client_certificate=ssl.CERT_REQUIRED)),
    ),
    BackendRecipe(
        name="other-default",
        description="another certificate for clients that name no host",
        expected=Code.OK,
        start=other_default,
        also=(Code.DEFAULT_CERTIFICATE_DIFFERS,),
    ),
    BackendRecipe(
        name="tls-1-1",
        description="speaks nothing newer than TLS 1.1",
        expected=Code.TLS_VERSION_UNSUPPORTED,
        start=serve(full, tls=TlsSettings(versions=OLD)),
    ),
    BackendRecipe(
        name="plain-http",
        description="a web server without TLS",
        expected=Code.NOT_TLS,
        start=talk(plain_http),
    ),
    BackendRecipe(
        name="ssh",
        description="an SSH server",
        expected=Code.NOT_TLS,
        start=talk(say(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")),
    ),
    BackendRecipe(
        name="tarpit",
        description="accepts and says nothing",
        expected=Code.TLS_FAILED,
        start=talk(tarpit),
    ),
    BackendRecipe(
        name="refused",
        description="nothing listens on the port",
        expected=Code.TCP_FAILED,
        start=lambda _world, _host: None,
    ),
    BackendRecipe(
        name="status-500",
        description="answers 500",
        expected=Code.HTTP_STATUS_MISMATCH,
        start=serve(full, http=respond(500)),
    ),
    BackendRecipe(
        name="other-body",
        description="answers without the text that the probe looks for",
        expected=Code.HTTP_BODY_MISMATCH,
        start=serve(full, http=respond(200, b"maintenance")),
        rule=HttpProbeRule(body="ready"),
    ),
    BackendRecipe(
        name="slow-answer",
        description="shakes hands and then takes too long to answer",
        expected=Code.PROBE_TIMEOUT,
        start=serve(full, http=respond(200, delay=60.0)),
        rule=HttpProbeRule(timeout=1.0),
    ),
    *REFUSED,
)
