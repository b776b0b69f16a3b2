"""From a file's bytes to certificates, or to one sentence that says what was found instead."""

from __future__ import annotations

import codecs
import itertools
import warnings
from collections.abc import Iterable
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from chainlib import der
from chainlib.certificate import Certificate, UnreadableCertificate, parse_entry
from chainlib.errors import PrivateKeyFound, UnusableFile
from chainlib.pem import kinds, loose, private_keys
from chainlib.pem.bag import CertificateBag
from chainlib.pem.blocks import Block, bare_base64, blocks, text_of
from chainlib.pem.disguises import forms
from chainlib.wording import counted

MAX_BYTES: Final = 1024 * 1024
MAX_CERTIFICATES: Final = 100
_EXPLICIT, _SET = 0xA0, 0x31
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
    every = tuple(forms(text))
    if private_keys.in_bytes(data) or any(map(_holds_key, every)):
        raise PrivateKeyFound(_KEY_FOUND)
    read = _from_forms(every) or _from_loose(every, data)
    if read is None:
        raise UnusableFile(f"the file is {kinds.of_text(text)}; {_EXAMPLE}")
    return read


def _from_forms(every: tuple[str, ...]) -> CertificateBag | None:
    """The blocks of the form that shows the most certificates; refused as in the last one.

    A form that is decoded by half may show some of them only.
    """
    found = filter(None, (list(blocks(form)) for form in every))
    read = [_tried(one) for one in found]
    bags = [one for one in read if isinstance(one, CertificateBag)]
    if bags:
        return max(bags, key=len)
    if read and isinstance(read[-1], UnusableFile):
        raise read[-1]
    return None


def _tried(found: list[Block]) -> CertificateBag | UnusableFile:
    try:
        return _from_blocks(found)
    except UnusableFile as error:
        return UnusableFile(str(error))


def _from_loose(every: tuple[str, ...], data: bytes) -> CertificateBag | None:
    """Values without a BEGIN line: the text is nothing but base64, or holds some."""
    whole = bare_base64(every[-1])
    if whole is not None and _is_pem(whole):
        return load_certificates(whole)
    if _is_binary(every[0]):
        return _from_binary(data)
    read = [bag for form in every for bag in map(_part, loose.values(form))]
    certificates = dict.fromkeys(certificate for bag in read for certificate in bag)
    if certificates:
        return _checked(certificates, ordered=all(bag.ordered for bag in read))
    return _from_binary(_trimmed(whole)) if whole is not None else None


def _part(value: bytes) -> CertificateBag:
    """The certificates of one value; none where it is something else."""
    try:
        return load_certificates(value)
    except PrivateKeyFound:
        raise
    except UnusableFile:
        return CertificateBag()


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
    """Binary data without an editor's mark before it and a shell's line end behind it."""
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


def _holds_key(form: str) -> bool:
    """Whether a text holds a private key, in words, in a block or without a BEGIN line."""
    if private_keys.in_text(form):
        return True
    encoded = (block.content for block in blocks(form))
    return any(
        private_keys.in_bytes(value) or private_keys.in_text(text_of(value))
        for value in itertools.chain(encoded, loose.values(form))
        if value
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
    wanted = [block for block in found if block.label in kinds.CERTIFICATE_LABELS]
    # Beside certificates, parameters, lists and requests are harmless, and servers pass over them.
    strange = [block for block in found if not (wanted and kinds.is_harmless(block.label))]
    certificates: list[Certificate] = []
    for block in strange:
        certificates.extend(_from_block(block))
        if len(certificates) > MAX_CERTIFICATES:
            break
    return _checked(
        certificates,
        ordered=not any(block.content and kinds.is_pkcs7(block.content) for block in found),
    )


def _from_block(block: Block) -> Iterable[Certificate]:
    if block.label not in kinds.CERTIFICATE_LABELS:
        raise UnusableFile(
            f"block {block.number} is {kinds.of_label(block.label)} (line {block.line}); {_EXAMPLE}"
        )
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
    # OpenSSL passes over what stands behind a certificate, its own trust settings for one.
    exact = content[: outer.end] if outer else content
    entry = parse_entry(exact)
    if isinstance(entry, UnreadableCertificate):
        raise UnusableFile(
            f"block {block.number} cannot be read (line {block.line}): {entry.reason}; copy it "
            "again from its BEGIN to its END line"
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
        except Exception:  # noqa: BLE001 -- the parser's errors for hostile input are not one family; the bag is then taken apart
            return _certificates_of_bag(data)


def _certificates_of_bag(data: bytes) -> list[bytes] | None:
    """The certificates of a SignedData (RFC 5652 section 5.1) with one that is odd among them."""
    content = next((e for e in der.children(data) if e.tag == _EXPLICIT), None)
    fields = der.children(content.content, at_most=6) if content else ()
    held = next((e for e in fields if e.tag == _EXPLICIT), None)
    # The set of signers ends it; where that is not there, the bag is damaged.
    if content is None or held is None or fields[-1].tag != _SET:
        return None
    return [bytes(e.encoded) for e in der.elements(held.content, at_most=MAX_CERTIFICATES + 1)]


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
