"""Downloads missing issuers by authority information access (RFC 5280 section 4.2.2.1).

The owner of the backend may be hostile. A downloaded certificate is only used if it is a CA, has
the issuer name of the child, and its key verifies the child's signature; it is never trusted. The
caller decides whether anything is downloaded at all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import field
from itertools import islice

from chainlib.aio.download_rules import AddressRefused, DownloadRules
from chainlib.aio.issuer_cache import Answer, IssuerCache
from chainlib.aio.resolve import Resolver
from chainlib.certificate import Certificate
from chainlib.errors import FetchError, UnusableFile
from chainlib.frozen import dataclass
from chainlib.limits import FetchLimits
from chainlib.model import PresentedChain
from chainlib.path import is_root
from chainlib.pem import load_certificates

_MAX_PATH = 12
_MAX_TRIED = 16
_SHOWN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """The result of the downloads.

    Attributes:
        certificates: verified issuers that were neither sent nor known, lowest first.
        refused: one sentence per URL that was refused or gave nothing; contains hostile text.
    """

    certificates: tuple[Certificate, ...] = ()
    refused: tuple[str, ...] = ()


async def fetch_issuers(
    chain: PresentedChain,
    *,
    admit: Callable[[str], bool],
    known: Iterable[Certificate] = (),
    resolver: Resolver | None = None,
    limits: FetchLimits = FetchLimits(),  # noqa: B008 -- a frozen value
    cache: IssuerCache | None = None,
    admit_loopback: bool = False,
) -> FetchResult:
    """Climb from the leaf to its root and download each issuer that is neither sent nor known.

    Args:
        chain: the presented chain.
        admit: called for every address of a host before a connection is made; false refuses the
            URL.
        known: trust anchors and known intermediates; an issuer among them is not downloaded.
        resolver: resolves names; `None` for the system's.
        limits: bytes, seconds, levels, downloads.
        cache: shared between calls; `None` stores nothing.
        admit_loopback: for test servers on this machine; `admit` is called all the same.

    Returns:
        The issuers found, and a sentence for each URL that gave none. Nothing is raised because of
        what a server sent.
    """
    sent = tuple(c for c in chain.certificates if isinstance(c, Certificate))
    if not sent:
        return FetchResult()
    rules = DownloadRules(admit=admit, resolver=resolver, admit_loopback=admit_loopback)
    climb = _Climb(rules=rules, limits=limits, cache=cache or IssuerCache(), known=(*known, *sent))
    await climb.run(next((c for c in sent if not c.is_ca), sent[0]))
    return FetchResult(certificates=tuple(climb.found), refused=tuple(climb.refused))


@dataclasses.dataclass(slots=True, kw_only=True)
class _Climb:
    """The state of one climb: known and found certificates, and downloads so far.

    `spare` are other certificates that were downloaded.
    """

    rules: DownloadRules
    limits: FetchLimits
    cache: IssuerCache
    known: tuple[Certificate, ...]
    spare: tuple[Certificate, ...] = ()
    found: list[Certificate] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    fetches: int = 0

    async def run(self, leaf: Certificate) -> None:
        path = [leaf]
        while len(path) < _MAX_PATH and not is_root(path[-1]):
            at_hand = _issuer_among(path[-1], self.known)
            issuer = at_hand or await self._new_issuer(path[-1])
            if issuer is None or issuer in path:
                return
            path.append(issuer)
            if at_hand is None:
                self.found.append(issuer)

    async def _new_issuer(self, child: Certificate) -> Certificate | None:
        if len(self.found) >= self.limits.levels:
            return None
        at_hand = (*self.spare, *self.cache.by_key_id(child.authority_key_id or b""))
        issuer = _issuer_among(child, at_hand) or await self._ask(child)
        if issuer is not None:
            self.cache.learn(issuer)
        return issuer

    async def _ask(self, child: Certificate) -> Certificate | None:
        for url in dict.fromkeys(child.ca_issuers):
            answer = self.cache.answer(url) or await self._fetch(url)
            self.spare += answer.certificates
            issuer = _issuer_among(child, answer.certificates)
            if issuer is not None:
                return issuer
            reason = answer.reason or (
                "it holds no CA whose key verifies the signature of the certificate that names it"
            )
            self.refused.append(f"{_shown(url)} was of no use: {reason}.")
        return None

    async def _fetch(self, url: str) -> Answer:
        if self.fetches >= self.limits.fetches:
            return Answer(reason=f"{self.limits.fetches} downloads are the most for one case")
        self.fetches += 1
        try:
            answer = Answer(certificates=await _certificates_at(url, self.rules, self.limits))
        except AddressRefused as error:
            return Answer(reason=str(error))
        except FetchError as error:
            answer = Answer(reason=str(error))
        except UnusableFile as error:
            # After the semicolon comes advice for somebody who uploads a file.
            answer = Answer(reason=str(error).partition(";")[0])
        self.cache.remember(url, answer)
        return answer


async def _certificates_at(
    url: str, rules: DownloadRules, limits: FetchLimits
) -> tuple[Certificate, ...]:
    from chainlib.aio.download import download  # noqa: PLC0415 -- aiohttp is slow

    return load_certificates(await download(url, rules, limits))


def _issuer_among(child: Certificate, candidates: Iterable[Certificate]) -> Certificate | None:
    named = (c for c in candidates if c.is_ca and c != child and c.subject_key == child.issuer_key)
    return next((c for c in islice(named, _MAX_TRIED) if child.issued_by(c)), None)


def _shown(url: str) -> str:
    printable = "".join(c if "!" <= c <= "~" else "?" for c in url)
    return printable if len(printable) <= _SHOWN else f"{printable[:_SHOWN]}..."
