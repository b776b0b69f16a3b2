"""Which backend a stored observation is about: one text form, one parser."""

from __future__ import annotations

from dataclasses import dataclass

_PARTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendKey:
    """A backend of something that a channel follows; lower case, since Azure ignores case.

    Attributes:
        target: the key of what is followed, a host or the ARM id of a gateway.
        pool: the backend pool, empty for a host of its own.
        setting: the backend setting, empty for a host of its own.
        server: the server in the pool, `*` for the gateway itself, empty for the host itself.
    """

    target: str
    pool: str = ""
    setting: str = ""
    server: str = ""

    @property
    def text(self) -> str:
        """The form in which it is stored."""
        return f"{self.beginning(self.target)}{self.pool}|{self.setting}|{self.server}".lower()

    @staticmethod
    def beginning(target: str) -> str:
        """How the stored form of every backend of a target begins."""
        return f"{target}|".lower()

    @classmethod
    def read(cls, text: str) -> BackendKey:
        """From the stored form; parts that are missing are empty.

        A server may hold the separator, the names that Azure allows may not.
        """
        target, pool, setting, server = (*text.split("|", _PARTS - 1), "", "", "")[:_PARTS]
        return cls(target=target, pool=pool, setting=setting, server=server)
