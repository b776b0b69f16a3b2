"""Recognises certificates that products send until one for the requested name is installed.

Two tables contain what is publicly known of them; the first matching row names the product.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from itertools import chain
from types import MappingProxyType

from chainlib.certificate import Certificate
from chainlib.frozen import dataclass
from chainlib.judge.default_appliances import APPLIANCES
from chainlib.judge.default_rows import DefaultCertificate
from chainlib.judge.default_servers import SERVERS
from chainlib.names import presented_identifiers

TABLE: tuple[DefaultCertificate, ...] = (*APPLIANCES, *SERVERS)
_MAX_NAMES = 20  # a default certificate contains only its product's few hosts
_OIDS = MappingProxyType(
    {"cn": "2.5.4.3", "o": "2.5.4.10", "ou": "2.5.4.11", "email": "1.2.840.113549.1.9.1"}
)


@lru_cache(maxsize=1024)
def default_of(certificate: Certificate) -> DefaultCertificate | None:
    """The row that matches this certificate; `None` for any other certificate."""
    values = _values_of(certificate)
    rows = (TABLE[position] for position in _INDEX.candidates(values))
    return next(
        (row for row in rows if all(_holds(values, *one) for one in row.patterns.items())), None
    )


def _values_of(certificate: Certificate) -> Mapping[str, frozenset[str]]:
    """The certificate's values by the field names of the table, in lower case."""
    found: dict[str, frozenset[str]] = {}
    for prefix, name in (("", certificate.subject_key), ("issuer_", certificate.issuer_key)):
        pairs = [pair for rdn in name for pair in rdn]
        for field, oid in _OIDS.items():
            found[prefix + field] = frozenset(value for kind, value in pairs if kind == oid)
    parts = [one.partition("@") for one in found["email"]]
    found["email"] |= {f"{user}@{{cn}}" for user, _, host in parts if host in found["cn"]}
    names = presented_identifiers(certificate)
    few = names if len(names) <= _MAX_NAMES else ()
    return found | {"names": frozenset(one.lower() for one in few)}


def _holds(values: Mapping[str, frozenset[str]], field: str, pattern: str) -> bool:
    found = values[field]
    if field == "names":
        patterns = pattern.split()
        return bool(found) and all(any(map(_fitting(one), patterns)) for one in found)
    return pattern in found or ("*" in pattern and any(fnmatchcase(v, pattern) for v in found))


def _fitting(name: str) -> Callable[[str], bool]:
    return lambda pattern: fnmatchcase(name, pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """An index of the table by one field of each row.

    Attributes:
        exact: field and value -> positions of the rows that require that value.
        patterned: field -> one regular expression for all its patterns, and the positions of their
            rows.
    """

    exact: Mapping[tuple[str, str], tuple[int, ...]]
    patterned: Mapping[str, tuple[re.Pattern[str], tuple[int, ...]]]

    @classmethod
    def of(cls, table: Sequence[DefaultCertificate]) -> _Index:
        """Build it from one field of each row, preferably one without wildcard."""
        exact: dict[tuple[str, str], list[int]] = defaultdict(list)
        patterned: dict[str, dict[int, str]] = defaultdict(dict)
        for position, row in enumerate(table):
            field, value = min(row.patterns.items(), key=_is_patterned)
            if _is_patterned((field, value)):
                patterned[field][position] = value
            else:
                exact[field, value].append(position)
        return cls(
            exact={key: tuple(rows) for key, rows in exact.items()},
            patterned={
                field: (_one_expression(field, rows.values()), tuple(rows))
                for field, rows in patterned.items()
            },
        )

    def candidates(self, values: Mapping[str, frozenset[str]]) -> list[int]:
        """Positions of the rows that may match, in the table's order."""
        found: set[int] = set()
        for field, said in values.items():
            for value in said:
                found.update(self.exact.get((field, value), ()))
            expression, rows = self.patterned.get(field, (None, ()))
            if expression and any(map(expression.match, said)):
                found.update(rows)
        return sorted(found)


def _is_patterned(asked: tuple[str, str]) -> bool:
    field, value = asked
    return field == "names" or "*" in value


def _one_expression(field: str, values: Iterable[str]) -> re.Pattern[str]:
    patterns = chain.from_iterable(one.split() if field == "names" else [one] for one in values)
    return re.compile("|".join(map(translate, patterns)))


_INDEX = _Index.of(TABLE)
