"""From a file's bytes to certificates, or to one sentence that says what was found instead."""

from __future__ import annotations

import codecs
import warnings
from collections.abc import Iterable
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from chainlib import der
from chainlib.certificate import Certificate, UnreadableCertificate, parse_entry
from chainlib.errors import PrivateKeyFound, UnusableFile
from chainlib.pem import kinds, private_keys
from chainlib.pem.bag import CertificateBag
from chainlib.pem.blocks import Block, bare_base64, blocks, text_of
from chainlib.wording import counted

MAX_BYTES: Final = 1024 * 1024
MAX_CERTIFICATES: Final = 100
_EXAMPLE = "send certificates as PEM (BEGIN CERTIFICATE), DER or PKCS #7"
_KEY_FOUND = (
    "the input holds a private key; nothing of it was kept or repeated. Send the certificates "
    "only, "
    "and treat a key that others may have seen as lost: make a new one"
)


def load_certificates(data: bytes) -> CertificateBag:
    """Read every certificate of a file.

    Args:
        data: PEM with any text around, DER, or PKCS #7 in either form; at most 1 MiB and 100
            certificates.

    Returns:
        The certificates in the order of the file; `ordered` is false when a PKCS #7 bag, which has
        none, was among them.

    Raises:
        PrivateKeyFound: a private key is anywhere in it, in whatever form.
        UnusableFile: empty, over the limits, damaged, or something else than certificates.
    """
    _check_size(data)
    binary = _trimmed(data)
    if der.spans_all(binary):
        return _from_binary(binary)
    text = text_of(data)
    found = list(blocks(text))
    if private_keys.in_text(text) or _hold_key(found, data):
        raise PrivateKeyFound(_KEY_FOUND)
    if found:
        return _from_blocks(found)
    if (unwrapped := bare_base64(text)) is not None:
        return (
            load_certificates(unwrapped)
            if _is_pem(unwrapped)
            else _from_binary(_trimmed(unwrapped))
        )
    if _is_binary(text):
        return _from_binary(data)
    raise UnusableFile(f"the file is {kinds.of_text(text)}; {_EXAMPLE}")


def load_uploaded(data: str) -> CertificateBag:
    """Read the `data` member of an uploaded trusted root or authentication certificate.

    Base64 of the file as it was uploaded.

    Raises:
        PrivateKeyFound, UnusableFile: as `load_certificates` does.
    """
    if not data.strip("\ufeff \t\r\n"):
        raise UnusableFile(
            "the upload is empty; ARM leaves `data` out when the certificate lies in Key Vault"
        )
    encoded = data.encode("utf-8", "replace")
    _check_size(encoded)
    return load_certificates(encoded)


def _check_size(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise UnusableFile(
            "the file holds more than 1 MiB, which is the most that is read; send only the "
            "certificates of one chain"
        )
    if not data.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"):
        raise UnusableFile(f"the file {_hollow(data)}; {_EXAMPLE}")


def _hollow(data: bytes) -> str:
    """What a file without content is.

    An interrupted copy leaves one of zeros, which is as long as the real one.
    """
    if not data or data.strip(b"\0"):
        return "is empty"
    return f"holds {counted(len(data), 'byte')}, all of them zero"


def _trimmed(data: bytes) -> bytes:
    """Binary data without the mark that an editor put before it and the line end that a shell put behind it."""
    marked = data.removeprefix(codecs.BOM_UTF8)
    outer = der.element(marked)
    return (
        marked[: outer.end]
        if outer and outer.tag == der.SEQUENCE and not marked[outer.end :].strip()
        else marked
    )


def _is_pem(data: bytes) -> bool:
    return not der.spans_all(data) and next(blocks(text_of(data)), None) is not None


def _is_binary(text: str) -> bool:
    return any(c == "\ufffd" or (c < " " and not c.isspace()) for c in text)


def _hold_key(found: Iterable[Block], data: bytes) -> bool:
    return private_keys.in_bytes(data) or any(
        block.content and private_keys.in_bytes(block.content) for block in found
    )


def _from_binary(data: bytes) -> CertificateBag:
    if kinds.is_pfx(data):
        raise UnusableFile(f"the file is {kinds.PFX}")
    if private_keys.in_bytes(data) or private_keys.in_text(text_of(data)):
        raise PrivateKeyFound(_KEY_FOUND)
    if kinds.is_pkcs7(data):
        return _checked(_from_pkcs7(data, what="the file"), ordered=False)
    outer = der.element(data)
    first = (
        parse_entry(data[: outer.end])
        if outer
        else UnreadableCertificate(der=data, reason="no DER")
    )
    if isinstance(first, UnreadableCertificate):
        raise UnusableFile(f"the file is {kinds.of_bytes(data, first.reason)}; {_EXAMPLE}")
    if outer and outer.end < len(data):
        extra = len(data) - outer.end
        raise UnusableFile(
            f"a DER certificate is followed by {counted(extra, 'more byte')}; a DER file "
            "holds exactly one: use PEM for several"
        )
    return CertificateBag((first,))


def _from_blocks(found: list[Block]) -> CertificateBag:
    # A hundred blocks may each hold a bag of a hundred: the count is looked at before anything is
    # parsed, and after.
    if len(found) > MAX_CERTIFICATES:
        raise UnusableFile(_too_many(len(found)))
    certificates: list[Certificate] = []
    for block in found:
        certificates.extend(_from_block(block))
        if len(certificates) > MAX_CERTIFICATES:
            break
    return _checked(
        certificates,
        ordered=not any(block.content and kinds.is_pkcs7(block.content) for block in found),
    )


def _from_block(block: Block) -> Iterable[Certificate]:
    if block.label not in kinds.CERTIFICATE_LABELS:
        raise UnusableFile(f"block {block.number} is {kinds.of_label(block.label)}; {_EXAMPLE}")
    if block.content is None:
        raise UnusableFile(
            f"block {block.number} is damaged: {block.fault}; copy it again from its BEGIN to "
            "its END line"
        )
    if kinds.is_pkcs7(block.content):
        return _from_pkcs7(block.content, what=f"block {block.number}")
    return (_one(block, block.content),)


def _one(block: Block, content: bytes) -> Certificate:
    outer = der.element(content)
    # OpenSSL's TRUSTED CERTIFICATE appends its own trust settings to the certificate.
    exact = content[: outer.end] if outer and block.label == "TRUSTED CERTIFICATE" else content
    entry = parse_entry(exact)
    if isinstance(entry, UnreadableCertificate):
        raise UnusableFile(
            f"block {block.number} cannot be read: {entry.reason}; copy it again from its "
            "BEGIN to its END line"
        )
    return entry


def _from_pkcs7(data: bytes, *, what: str) -> list[Certificate]:
    parsed = _parse_pkcs7(data)
    if parsed is None:
        raise UnusableFile(f"{what} is a damaged PKCS #7 bag; export it again, certificates only")
    if not parsed:
        raise UnusableFile(
            f"{what} is a PKCS #7 bag without certificates; export it again with the "
            "certificates included"
        )
    if len(parsed) > MAX_CERTIFICATES:
        raise UnusableFile(_too_many(len(parsed)))
    entries = [parse_entry(one) for one in parsed]
    if any(isinstance(entry, UnreadableCertificate) for entry in entries):
        raise UnusableFile(
            f"{what} is a PKCS #7 bag with a certificate that cannot be read; export it again"
        )
    return [entry for entry in entries if isinstance(entry, Certificate)]


def _parse_pkcs7(data: bytes) -> list[bytes] | None:
    with warnings.catch_warnings():
        # Windows writes bags in BER, which is told by a warning, and odd serial numbers are told by
        # another.
        warnings.simplefilter("ignore", UserWarning)
        try:
            return [c.public_bytes(Encoding.DER) for c in pkcs7.load_der_pkcs7_certificates(data)]
        except Exception:  # noqa: BLE001 -- the parser's errors for hostile input are not one family; the bag is refused either way
            return None


def _checked(certificates: Iterable[Certificate], *, ordered: bool) -> CertificateBag:
    bag = CertificateBag(certificates, ordered=ordered)
    if len(bag) > MAX_CERTIFICATES:
        raise UnusableFile(_too_many(len(bag)))
    return bag


def _too_many(count: int) -> str:
    return (
        f"the file holds {count} certificates, at most {MAX_CERTIFICATES} are read; send only "
        "those of one chain"
    )
