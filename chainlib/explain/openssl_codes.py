"""Plain sentences for OpenSSL's verification error numbers, which Azure prints as `{errorCode}`.

The numbers are those of `X509_verify_cert_error_string` in OpenSSL 3.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_SENTENCES: Mapping[int, str] = MappingProxyType(
    {
        2: (
            "The issuer of a certificate in the chain was not found; typically an intermediate "
            "was uploaded where the root is needed."
        ),
        3: "The list of revoked certificates (CRL) could not be read.",
        4: (
            "A certificate's signature could not be decrypted; it is damaged or was not made by "
            "the issuer it names."
        ),
        6: (
            "The public key of an issuer could not be read; its certificate is damaged or uses an "
            "unknown key type."
        ),
        7: "A certificate's signature does not fit the key of the issuer that it names.",
        9: "A certificate in the chain is not valid yet.",
        10: "A certificate in the chain has expired.",
        12: "The list of revoked certificates (CRL) is out of date.",
        18: "The server's certificate is signed by itself and is not among the trusted ones.",
        19: "The chain ends in a root that is not among the trusted ones.",
        20: "The issuer of the last certificate sent is neither sent nor trusted.",
        21: "The server sent a single certificate, and its issuer is neither sent nor trusted.",
        22: "The chain is longer than the verifier accepts.",
        23: "A certificate in the chain was revoked by its CA.",
        24: (
            "An issuer in the chain is no usable CA: it has no public key, or an older OpenSSL "
            "does not take it for a CA."
        ),
        25: "A CA in the chain allows fewer CAs below it than there are.",
        26: (
            "A certificate is not meant for this use: a server's must allow TLS server "
            "authentication."
        ),
        27: "The root is known but not trusted for this use.",
        28: "The root is marked as rejected for this use.",
        32: "An issuer in the chain may not sign certificates (keyCertSign is not set).",
        33: "The issuer of the list of revoked certificates (CRL) was not found.",
        34: "A certificate has an extension marked critical that OpenSSL does not know.",
        47: "A CA in the chain allows only certain names, and the server's is not one of them.",
        48: "A CA in the chain forbids the server's name.",
        62: "The certificate does not carry the host name that was asked for.",
        64: "The certificate does not carry the IP address that was asked for.",
        66: "The key of the server's certificate is too weak.",
        67: "The key of a CA in the chain is too weak.",
        68: "A CA in the chain signed with a hash that is too weak (MD5 or SHA-1).",
        79: "An issuer in the chain is not a proper CA certificate.",
    }
)


def openssl_sentence(number: int) -> str | None:
    """The meaning of an OpenSSL verification error in one sentence; `None` for an unknown one."""
    return _SENTENCES.get(number)
