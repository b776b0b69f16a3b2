"""The last labels of host names: public suffixes, private endings, and endings of files. Pure."""

from __future__ import annotations

from functools import cache, lru_cache

PRIVATE_ENDINGS = frozenset(
    {"corp", "example", "home", "internal", "intra", "intranet"}
    | {"lan", "local", "localdomain", "private", "test"}
)
"""Suffixes of internal names, which are in no public list (RFC 6761, RFC 6762, and custom)."""

FILE_ENDINGS = frozenset(
    {"am", "cc", "cs", "java", "md", "ml", "mov", "pl", "pm", "pn", "ps", "py", "rs", "sh"}
    | {"so", "st", "vi", "zip"}
)
"""Top-level domains that are also file endings."""


@cache
def _suffixes() -> object:
    """The public suffix list of the library; loaded once, when the first alert is read."""
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 -- a third of a megabyte

    return PublicSuffixList(accept_unknown=False)


@lru_cache(maxsize=4096)
def registered_domain(host: str) -> str | None:
    """The registrable domain of a host; `None` if it ends in no public suffix."""
    return _suffixes().privatesuffix(host)  # type: ignore[attr-defined, no-any-return]
