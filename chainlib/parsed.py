"""A certificate's bytes and its objects in OpenSSL and `cryptography`, created when needed.

OpenSSL decides what a certificate is. `cryptography` reads its fields if it can; a field that it
refuses is located by its position.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import TypeVar

from cryptography import x509
from OpenSSL import crypto

from chainlib import der as shape
from chainlib.errors import MalformedCertificate
from chainlib.frozen import dataclass
from chainlib.lenient import REFUSALS, RawFields, quiet, split
from chainlib.once import once

_Fact = TypeVar("_Fact")


@dataclass(frozen=True, kw_only=True, eq=False)  # no slots: each object is cached in the instance
class Parsed:
    """The bytes of one certificate, and the objects that read them.

    Attributes:
        der: the bytes as sent or read.
    """

    der: bytes = field(repr=False)

    @once
    def openssl(self) -> crypto.X509:
        """The certificate as an OpenSSL object; raises `MalformedCertificate` if there is none."""
        whole = shape.element(self.der)
        if whole is not None and whole.end < len(self.der):
            message = "not a readable X.509 certificate: something follows behind its end"
            raise MalformedCertificate(message)
        try:
            return crypto.load_certificate(crypto.FILETYPE_ASN1, self.der)
        except crypto.Error as error:
            raise MalformedCertificate(
                f"not a readable X.509 certificate: {_openssl_words(error)}"
            ) from None

    def require_readable(self) -> None:
        """Raise `MalformedCertificate` unless OpenSSL parses it and its fields are found."""
        assert self.openssl is not None
        if self._strict is None:
            try:
                assert self._fields is not None
            except ValueError as error:
                raise MalformedCertificate(f"not a readable X.509 certificate: {error}") from error

    @property
    def parsed(self) -> x509.Certificate:
        """The certificate as a `cryptography` object.

        Raises `MalformedCertificate` for one that only OpenSSL can parse.
        """
        if self._strict is None:
            message = "this certificate is too unusual for the stricter parser"
            raise MalformedCertificate(message)
        return self._strict

    @once
    def _strict(self) -> x509.Certificate | None:
        try:
            with quiet():
                return x509.load_der_x509_certificate(self.der)
        except REFUSALS:
            return None

    @once
    def _fields(self) -> RawFields:
        return split(self.der)

    def _read(
        self, strict: Callable[[x509.Certificate], _Fact], lenient: Callable[[], _Fact]
    ) -> _Fact:
        with quiet():
            if self._strict is not None:
                try:
                    return strict(self._strict)
                except REFUSALS:
                    pass
            return lenient()


def _openssl_words(error: crypto.Error) -> str:
    queue = error.args[0] if error.args else ()
    words = next((entry[-1] for entry in queue if entry[-1]), "")
    return f"its bytes are damaged or are no DER{f' (OpenSSL: {words})' if words else ''}"
