"""Steps for names that do not match, and for the default certificates of products.

Only names that can be configured are suggested: `host_names` of the evidence contains no wildcard,
URL or address, and `new_name` is absent if the requested name may not be in a certificate.
"""

from __future__ import annotations

from collections.abc import Iterator

from chainlib.explain.values import Where
from chainlib.explain.variant import ANY, CHECK, Variant

_SET_HOST = (
    "Set the host name of the backend setting (and of the custom probe) to one of: {host_names}."
)
_SET_A_NAME = (
    "Set the host name of the backend setting (and of the custom probe) to a DNS name of the "
    "server."
)
_NEW_NAME = "Have the certificate reissued with {new_name} in its subject alternative name (SAN)."
_OR_NEW_NAME = (
    "Or have the certificate reissued with {new_name} among its subject alternative names (SAN)."
)
_OR_USE_IT = (
    "Or use a name that the certificate covers, on the server, in the backend setting and in the "
    "custom probe."
)
_ADDRESS_NEVER = (
    "An address never matches, whatever the certificate holds: the gateway compares host names."
)
_NAME_IN_SAN = "The certificate has to carry that name in its subject alternative name (SAN)."
_AGAIN = "Check again."
_REASONS = {
    "wildcard-one-label": (
        "A wildcard covers exactly one label: its star stands for one part of a name, "
        "without a dot."
    ),
    "wildcard-bare-domain": (
        "A wildcard covers exactly one label below its domain, and not the domain itself."
    ),
    "underscore": (
        "The underscore is the reason: OpenSSL lets no wildcard cover it, although browsers do."
    ),
    "trailing-dot": (
        "Names in a certificate end without a dot; OpenSSL compares them as they stand."
    ),
    "url": "A certificate carries host names alone: no https:// and no path.",
    "email": "A certificate of a server carries host names in its SAN, not e-mail addresses.",
    "odd-character": "{shown} is not a host name: one of its characters may not stand in one.",
    "unicode": (
        "A certificate carries an international name as its A-label, which begins with xn--."
    ),
    "pattern": (
        "OpenSSL takes a star only in the first label, at its start or end, with two labels below."
    ),
    "common-name-ignored": (
        "The common name does not count once the certificate has names in its SAN."
    ),
}


_WILDCARDS = frozenset({"wildcard-one-label", "wildcard-bare-domain", "underscore"})
# Baseline Requirements of the CA/Browser Forum, section 7.1.4.2.1.
_NEW_UNDERSCORE = (
    "Have the certificate reissued with {new_name} in its SAN by a private CA: public CAs issue no "
    "underscore."
)
_OR_NEW_UNDERSCORE = f"Or have{_NEW_UNDERSCORE.removeprefix('Have')}"


def _when(**facts: str) -> dict[str, str]:
    return facts


def _for_an_address() -> Iterator[Variant]:
    asked = {"reason": "ip-address"}
    yield Variant(when=asked | {"host_names": ANY}, steps=(_SET_HOST, _ADDRESS_NEVER, _AGAIN))
    yield Variant(when=asked, steps=(_SET_A_NAME, _NAME_IN_SAN, _ADDRESS_NEVER, _AGAIN))


def _for_a_reason() -> Iterator[Variant]:
    for reason, sentence in _REASONS.items():
        asked = {"reason": reason, "new_name": ANY}
        odd = reason == "underscore"
        also = _OR_NEW_UNDERSCORE if odd else _OR_NEW_NAME
        yield Variant(when=asked | {"host_names": ANY}, steps=(_SET_HOST, also, sentence, _AGAIN))
        or_use_it = (_OR_USE_IT,) if reason in _WILDCARDS else ()
        new = _NEW_UNDERSCORE if odd else _NEW_NAME
        yield Variant(when=asked, steps=(new, *or_use_it, sentence, CHECK), where=Where.SERVER)


# azure-rules section 2.1: v1 sends and requires the pool's name, whatever setting and probe say.
_ON_V1 = (
    Variant(
        when=_when(sku="v1", host_names=ANY),
        steps=(
            (
                "Put the server into the backend pool by a name of its certificate, in place of "
                "{name}: {host_names}. A v1 gateway asks for the pool's name."
            ),
            "Check first that this name leads to the server inside the gateway's virtual network.",
            _AGAIN,
        ),
    ),
    Variant(
        when=_when(sku="v1", new_name=ANY),
        steps=(
            "A v1 gateway asks for the pool's name, {name}, whatever the backend setting says.",
            _NEW_NAME,
            CHECK,
        ),
        where=Where.SERVER,
    ),
    Variant(
        when=_when(sku="v1"),
        steps=(
            "Put the server into the backend pool by its FQDN, for which a v1 gateway asks.",
            _NAME_IN_SAN,
            _AGAIN,
        ),
    ),
)
_OF_SNI_NAME = (
    Variant(
        when=_when(sni_name="True", host_names=ANY),
        steps=(
            (
                "Set the SNI name (sniName) of the backend setting to one of: {host_names}. It "
                "goes before the host names, which can stay as they are."
            ),
            _AGAIN,
        ),
    ),
    Variant(
        when=_when(sni_name="True", new_name=ANY),
        steps=(
            _NEW_NAME,
            (
                "Or set the SNI name (sniName) of the backend setting to a name that it carries: "
                "it goes before the host names."
            ),
            CHECK,
        ),
        where=Where.SERVER,
    ),
)
NAME_MISMATCH: tuple[Variant, ...] = (
    Variant(
        when=_when(carried_by=ANY),
        steps=(
            (
                "The file holds two servers' certificates: leave in only the one for {name}, "
                "number {carried_by}, with its intermediates."
            ),
            "Give the server the private key that belongs to it.",
            CHECK,
        ),
        where=Where.SERVER,
    ),
    *_ON_V1,
    *_OF_SNI_NAME,
    *_for_an_address(),
    *_for_a_reason(),
    Variant(when=_when(host_names=ANY, new_name=ANY), steps=(_SET_HOST, _OR_NEW_NAME, _AGAIN)),
    Variant(when=_when(host_names=ANY), steps=(_SET_HOST, _AGAIN)),
    Variant(
        when=_when(presented_names=ANY, new_name=ANY),
        steps=(_NEW_NAME, _OR_USE_IT, _AGAIN),
        where=Where.SERVER,
    ),
    Variant(when=_when(new_name=ANY), steps=(_NEW_NAME, CHECK), where=Where.SERVER),
    Variant(when=_when(name=ANY), steps=(_SET_A_NAME, _NAME_IN_SAN, _AGAIN)),
)

_NO_RULE = (
    "The name {asked} matches no rule or site there, so the server answers with the default "
    "certificate of {default_of}."
)
_NO_NAME = (
    "No server name is sent, and without one no rule or site there matches: set a host name on the "
    "backend setting."
)
_CORRECT_NAME = (
    "Or send a name that is set up there: the host name of the backend setting (and of the custom "
    "probe)."
)
_STEPS = {
    "router": (
        (
            "Add a rule or site for {asked} that names its certificate; where there is one, "
            "correct the secret or file it names."
        ),
        _CORRECT_NAME,
        _AGAIN,
    ),
    "development": (
        (
            "Install a certificate for {asked}, issued by a CA that the gateway trusts, with its "
            "intermediates."
        ),
        "Bind it to the site for {asked}; a development certificate serves one machine only.",
        _AGAIN,
    ),
    "appliance": (
        (
            "Install a certificate for {asked}, issued by a CA that the gateway trusts, in the "
            "administration of {default_of}."
        ),
        (
            "Check that the backend pool holds the right address, if something else should "
            "answer there."
        ),
        _AGAIN,
    ),
    "platform": (
        "Add {asked} as a custom domain of the app, with its certificate.",
        (
            "Or set the host name of the backend setting (and of the custom probe) to the app's "
            "own default name."
        ),
        _AGAIN,
    ),
}


def _defaults() -> Iterator[Variant]:
    for kind, steps in _STEPS.items():
        yield Variant(
            when={"default_kind": kind, "asked": ANY},
            steps=(_NO_RULE, *steps),
            where=Where.SERVER,
        )
    yield Variant(
        when={"default_of": ANY},
        steps=(_NO_NAME, "The certificate sent now is the default one of {default_of}.", _AGAIN),
        where=Where.GATEWAY,
    )


DEFAULT_CERTIFICATE: tuple[Variant, ...] = tuple(_defaults())
