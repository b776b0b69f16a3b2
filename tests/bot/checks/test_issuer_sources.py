"""Where missing issuers come from: other backends, the operator's bundle, the CA's own address.

And what may never be touched for them.
"""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.access import TargetRules
from bot.cards.drawing import draw
from bot.checks import CheckContext, check
from bot.checks.intermediates import Intermediates, issuers_above
from bot.checks.issuer_sources import IssuerSources, read_bundle
from bot.domain.report import CheckRequest
from chainlib import (
    Code,
    GatewayPolicy,
    PresentedChain,
    Source,
    Target,
    TrustAnchors,
    TrustMode,
    Where,
)
from chainlib.aio import load_well_known
from playground.lab.authority import Authority
from playground.lab.pki import NOW, Issued, intermediate, leaf, root
from playground.lab.publisher import Publisher
from playground.lab.servers import TlsBackend

HOST = "backend.contoso.com"
ROOT = root()
UPPER = intermediate(ROOT, "Contoso Policy CA")
ISSUING = intermediate(UPPER)
LEAF = leaf(ISSUING, HOST)
WELL_KNOWN = load_well_known()  # reads a file, which has no place inside the loop
STRANGER = intermediate(root("Evil Root"), "Contoso Issuing CA 3")


def chain(*sent: Issued) -> PresentedChain:
    return PresentedChain(
        target=Target(host=HOST), certificates=tuple(one.certificate for one in sent)
    )


def policy(*roots: Issued) -> GatewayPolicy:
    anchors = TrustAnchors(
        mode=TrustMode.UPLOADED_ROOTS, certificates=tuple(one.certificate for one in roots)
    )
    return GatewayPolicy(anchors=anchors, name=HOST)


async def found(sources: IssuerSources, *sent: Issued) -> list[str]:
    return [one.common_names[0] for one in await sources.find(chain(*sent), policy(ROOT), 5.0)]


def pem_bundle(path: Path, issued: Iterable[Issued]) -> None:
    path.write_bytes(b"# our CAs\n" + b"".join(one.pem for one in issued))


def ccadb(path: Path, issued: Iterable[Issued]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["CA Owner", "Certificate Name", "PEM Info"])
        writer.writerows(
            ["Contoso, Inc.", 'the "good" one', f"'{one.pem.decode().strip()}'"] for one in issued
        )


async def test_intermediates_of_one_backend_mend_the_next_one() -> None:
    sources = IssuerSources()
    sources.learn(chain(leaf(ISSUING, "other.contoso.com"), UPPER, ISSUING, ROOT))
    assert await found(sources, LEAF) == ["Contoso Issuing CA 3", "Contoso Policy CA"]
    assert await found(sources, LEAF, ISSUING) == ["Contoso Policy CA"]


async def test_ca_with_an_unusable_key_is_not_cached() -> None:
    sources = IssuerSources()
    sources.learn(chain(LEAF, STRANGER))
    assert len(sources.learnt) == 0


async def test_wrong_parent_with_right_name_is_refused() -> None:
    bundle = Intermediates()
    bundle.learn([STRANGER.certificate])
    assert await found(IssuerSources(bundle=bundle), LEAF) == []


@pytest.mark.parametrize("write", [pem_bundle, ccadb], ids=["pem", "ccadb"])
async def test_the_bundle_is_read(
    tmp_path: Path, write: Callable[[Path, Iterable[Issued]], None]
) -> None:
    path = tmp_path / "issuers"
    await asyncio.to_thread(write, path, [UPPER, ISSUING, LEAF])
    bundle = await asyncio.to_thread(read_bundle, path)
    assert len(bundle) == 2
    assert await found(IssuerSources(bundle=bundle), LEAF) == [
        "Contoso Issuing CA 3",
        "Contoso Policy CA",
    ]


def test_a_broken_block_hides_none_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "issuers.pem"
    path.write_bytes(
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + ISSUING.pem
    )
    assert len(read_bundle(path)) == 1


def test_memory_is_bounded_by_name_and_in_all() -> None:
    memory = Intermediates(size=3, per_name=2)
    memory.learn(intermediate(ROOT).certificate for _ in range(5))
    assert len(memory) == 2
    memory.learn(intermediate(ROOT, f"CA {number}").certificate for number in range(5))
    assert len(memory) == 3


def test_cross_signs_do_not_lead_in_circles() -> None:
    one, other = root("A"), root("B")
    crossed = (intermediate(other, "A", key=one.key), intermediate(one, "B", key=other.key))
    memory = Intermediates()
    memory.learn(c.certificate for c in crossed)
    above = issuers_above([leaf(one, HOST).certificate], memory)
    assert [c.common_names[0] for c in above] == ["A", "B"]


async def test_downloads_happen_only_when_allowed() -> None:
    async with Publisher() as publisher:
        authority = Authority.make("Fabrikam", now=NOW, publisher=publisher.url)
        publisher.publish([authority.root, authority.upper, authority.issuing])
        sent = authority.leaf(HOST)
        opened = replace_aia(IssuerSources(), allow_loopback=True)
        assert await found(replace(opened, aia=False), sent) == []
        assert await found(opened, sent) == [
            "Fabrikam Issuing CA 3",
            "Fabrikam Policy CA",
            "Fabrikam Root G2",
        ]
        assert len(opened.learnt) == 2


async def test_downloads_avoid_loopback_without_the_setting() -> None:
    async with Publisher() as publisher:
        authority = Authority.make("Fabrikam", now=NOW, publisher=publisher.url)
        publisher.publish([authority.issuing])
        assert (
            await found(replace_aia(IssuerSources(), allow_loopback=False), authority.leaf(HOST))
            == []
        )


def replace_aia(sources: IssuerSources, *, allow_loopback: bool) -> IssuerSources:
    return replace(
        sources,
        aia=True,
        rules=TargetRules.read((), allow_loopback=allow_loopback),
        learnt=Intermediates(),
    )


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.1.2.3", True),
        ("10.2.0.1", False),
        ("192.168.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("168.63.129.16", False),
        ("64:ff9b::a02:1", False),
        ("::ffff:192.168.0.1", False),
        ("fd00::1", False),
        ("nonsense", False),
    ],
)
def test_downloads_reach_private_addresses_by_allow_list_only(
    address: str,
    admitted: bool,  # noqa: FBT001 -- a table of values
) -> None:
    assert (
        IssuerSources(rules=TargetRules.read(("10.1.0.0/16", "contoso.com"))).admits(address)
        is admitted
    )


async def test_a_slow_ca_leaves_what_is_at_hand() -> None:
    authority = Authority.make("Fabrikam", now=NOW, publisher="http://slow.example:1")
    sources = IssuerSources(aia=True, resolver=_never_answers, downloads_s=0.1)
    sources.learn(chain(authority.leaf("other.contoso.com"), authority.issuing))
    assert await found(sources, authority.leaf(HOST)) == ["Fabrikam Issuing CA 3"]


async def _never_answers(_host: str, _port: int) -> tuple[str, ...]:
    await asyncio.Event().wait()
    raise AssertionError


async def test_check_learns_an_issuer_for_another_backend() -> None:
    sources = IssuerSources()
    context = CheckContext(clock=lambda: NOW, find_issuers=sources.find, learn=sources.learn)
    good = [one.certificate for one in (LEAF, ISSUING, UPPER)]
    async with (
        TlsBackend(chain=good, key=LEAF.key) as whole,
        TlsBackend(chain=good[:1], key=LEAF.key) as broken,
    ):
        before = (await check(_request(broken), context)).repair
        await check(_request(whole), context)
        after = (await check(_request(broken), context)).repair
    assert before is not None
    assert before.missing
    assert after is not None
    assert (after.verdict_after, list(after.chain)) == (Code.OK, good)


async def test_a_learnt_issuer_decides_who_must_act() -> None:
    sources = IssuerSources()
    sources.learn(chain(LEAF, ISSUING, UPPER))
    context = CheckContext(clock=lambda: NOW, find_issuers=sources.find)
    async with TlsBackend(
        chain=[one.certificate for one in (LEAF, ISSUING)], key=LEAF.key
    ) as backend:
        report = await check(_request(backend), context)
    assert [element.source for element in report.verdict.path.elements][-2:] == [
        Source.FETCHED,
        Source.UPLOADED,
    ]
    assert report.explanation.where is Where.SERVER
    assert "gw     " in draw(report, 20)[-1]
    assert "X OTHER" not in "".join(draw(report, 20))


def _request(backend: TlsBackend) -> CheckRequest:
    return CheckRequest(
        target=Target(host="127.0.0.1", port=backend.port, server_name=HOST), policy=policy(ROOT)
    )
