"""The key of a backend in stored observations: one text form, one parser."""

from __future__ import annotations

from chainlib.frozen import dataclass

_PARTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendKey:
    """Identifies a backend of a followed target; lower case, because Azure ignores case.

    Attributes:
        target: key of the followed target: a host or the ARM ID of a gateway.
        pool: the backend pool; empty for a single host.
        setting: the backend setting; empty for a single host.
        server: the server in the pool, `*` for the gateway itself, empty for a single host.
    """

    target: str
    pool: str = ""
    setting: str = ""
    server: str = ""

    @property
    def text(self) -> str:
        """The stored form."""
        return f"{self.beginning(self.target)}{self.pool}|{self.setting}|{self.server}".lower()

    @staticmethod
    def beginning(target: str) -> str:
        """The prefix of the stored form of every backend of a target."""
        return f"{target}|".lower()

    @classmethod
    def read(cls, text: str) -> BackendKey:
        """Parse the stored form; missing parts are empty.

        A server may contain the separator; the names that Azure allows cannot.
        """
        target, pool, setting, server = (*text.split("|", _PARTS - 1), "", "", "")[:_PARTS]
        return cls(target=target, pool=pool, setting=setting, server=server)
