"""Catalogue entries about names and the health probe: host names, server_name, HTTP answers."""

from __future__ import annotations

from chainlib.explain import pages
from chainlib.explain.values import CatalogueEntry, Where
from chainlib.findings import Basis, Code

ENTRIES: tuple[CatalogueEntry, ...] = (
    CatalogueEntry(
        code=Code.NAME_MISMATCH,
        title="The certificate is for another name",
        cause=(
            "The server's certificate does not carry the host name that the gateway's probe or "
            "backend setting asks for."
        ),
        gateway_message=(
            "The Common Name of the leaf certificate presented by the backend server does not "
            "match the Probe or Backend Setting "
            "hostname of the application gateway."
        ),
        where=Where.GATEWAY,
        steps=(
            (
                "Set the host name of the backend setting (and of the custom probe) to a name "
                "that the certificate carries."
            ),
            (
                "Or have the certificate reissued with this name among its subject alternative "
                "names (SAN)."
            ),
            "Check again.",
        ),
        reference=pages.ERROR_NAME,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.LIVE_NAME_MISMATCH,
        title="The probe is fine, live traffic is not",
        cause=(
            "Live requests send another host name than the health probe, and under that name the "
            "server fails; hence 502 while healthy."
        ),
        gateway_message=None,
        where=Where.GATEWAY,
        steps=(
            (
                "Set the host name on the backend setting, so that probe and live requests use "
                "the same one."
            ),
            "Let the custom probe pick its host name from the backend setting.",
            "Or bind a certificate that carries the live name on the server.",
            "Check again.",
        ),
        reference=pages.SNI_OF_LIVE_TRAFFIC,
        basis=Basis.INFERRED,
    ),
    CatalogueEntry(
        code=Code.PROBE_TIMEOUT,
        title="The server answers the health probe too late",
        cause="The server took longer to answer the health probe than the probe's time-out allows.",
        gateway_message=(
            "Time taken by the backend to respond to application gateway's health probe is "
            "more than the timeout threshold "
            "in the probe setting."
        ),
        where=Where.SERVER,
        steps=(
            "Open the probe's path on the server itself and measure how long it takes.",
            "Correct what is slow, or give the probe a path that needs no database.",
            "Raise the time-out in a custom probe only as a temporary workaround.",
            "Check again.",
        ),
        reference=pages.ERROR_TIMEOUT,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.HTTP_STATUS_MISMATCH,
        title="The health probe gets an unexpected HTTP status",
        cause=(
            "The server's answer to the health probe has a status code that the probe does not "
            "accept (200-399 unless set otherwise)."
        ),
        gateway_message=(
            "Status code of the backend's HTTP response did not match the probe setting. "
            "Expected:{HTTPStatusCode0} Received:{HTTPStatusCode1}."
        ),
        where=Where.SERVER,
        steps=(
            (
                "Request the probe's path on the server with the probe's host name and read the "
                "server's log."
            ),
            "Give the probe a path that answers 200 without signing in.",
            "Or list the code that is right for this path in a custom probe.",
            "Check again.",
        ),
        reference=pages.ERROR_STATUS,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.HTTP_BODY_MISMATCH,
        title="The health probe's text is not in the answer",
        cause=(
            "The custom probe looks for a text in the body, and the server's answer does not "
            "contain it."
        ),
        gateway_message=(
            "Body of the backend's HTTP response did not match the probe setting. Received "
            "response body doesn't contain {string}."
        ),
        where=Where.SERVER,
        steps=(
            "Open the probe's path and look whether the page changed.",
            "Correct the text in the probe (upper and lower case count), or remove the body match.",
            "Check again.",
        ),
        reference=pages.ERROR_BODY,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.HTTP_FAILED,
        title="The health probe gets no usable HTTP answer",
        cause=(
            "TLS works, but then the server closes the connection or answers with something that "
            "the gateway cannot use."
        ),
        gateway_message=None,
        where=Where.SERVER,
        steps=(
            "Read the server's error log at this minute: it may refuse the probe's host name.",
            "Check that this port serves HTTPS for the web.",
            "Check again.",
        ),
        reference=pages.RFC_HTTP_MESSAGE,
        basis=Basis.INFERRED,
    ),
    CatalogueEntry(
        code=Code.NO_SNI,
        title="The gateway sends no server name",
        cause=(
            "Without a host name (or with an IP address for one) the handshake names no server, "
            "and the default certificate answers."
        ),
        gateway_message=None,
        where=Where.GATEWAY,
        steps=(
            "Set a host name on the backend setting: one that the server's certificate carries.",
            "Let the custom probe pick its host name from the backend setting.",
            "Check again.",
        ),
        reference=pages.SNI_OF_PROBE,
        basis=Basis.DOCUMENTED,
    ),
    CatalogueEntry(
        code=Code.DEFAULT_CERTIFICATE_DIFFERS,
        title="Without a server name another certificate answers",
        cause=(
            "The server chooses its certificate by the server name (SNI) and has another one for "
            "connections that send none."
        ),
        gateway_message=None,
        where=Where.GATEWAY,
        steps=(
            (
                "Keep a host name on the backend setting and in the probe; without it the other "
                "certificate would be judged."
            ),
        ),
        reference=pages.RFC_SERVER_NAME,
        basis=Basis.INFERRED,
    ),
)
