"""Names of gateways: the ARM identity, and the reference that users write.

Each has one text form and one parser. ARM compares names without case, so a parsed reference is in
lower case.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import unquote

from chainlib.frozen import dataclass
from chainlib.once import once

_NAME = re.compile(r"[\w(][\w.()-]{0,89}")
"""Characters that Azure allows in names of resource groups, gateways, pools and settings."""
_PREFIX = "gw:"
_MAX_PARTS = 4
_ID = re.compile(
    r"/?subscriptions/(?P<subscription>[\w-]+)/resourceGroups/(?P<group>[^/?#]+)"
    r"/providers/Microsoft\.Network/applicationGateways/(?P<name>[^/?#]+)"
    r"(?:/(?P<kind>backendAddressPools|backendHttpSettingsCollection|backendSettingsCollection)"
    r"/(?P<part>[^/?#]+))?",
    re.IGNORECASE,
)


class GatewayNameError(ValueError):
    """A text looks like a gateway reference but is not a valid one.

    Attributes:
        part: the name that Azure does not allow; empty if a name is missing.
        parts: the number of names.
    """

    def __init__(self, part: str, parts: int) -> None:
        super().__init__(part)
        self.part, self.parts = part, parts

    @property
    def too_many(self) -> bool:
        """Whether there are more names than a reference has."""
        return self.parts > _MAX_PARTS


@dataclass(frozen=True, kw_only=True)  # no slots: the key is kept once it has been made
class GatewayId:
    """The ARM identity of a gateway; compared without case, as ARM does."""

    subscription: str
    group: str
    name: str

    @classmethod
    def read(cls, text: str) -> GatewayId | None:
        """The identity in an ARM ID; the ID of a sub-resource works too."""
        found = _ID.match(text)
        return cls(**_identity(found)) if found else None

    @property
    def resource_id(self) -> str:
        """The ARM ID."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/Microsoft.Network/applicationGateways/{self.name}"
        )

    @once
    def key(self) -> str:
        """The ARM ID in lower case, for comparison."""
        return self.resource_id.lower()

    @property
    def ref(self) -> GatewayRef:
        """A reference to the whole gateway, in ARM's spelling."""
        return GatewayRef(subscription=self.subscription, group=self.group, name=self.name)

    @property
    def folded(self) -> GatewayRef:
        """A reference to the whole gateway, in lower case like a parsed one."""
        return GatewayRef(
            subscription=self.subscription.lower(),
            group=self.group.lower(),
            name=self.name.lower(),
        )

    @property
    def text(self) -> str:
        """The form that users write."""
        return self.ref.text


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRef:
    """A reference to a gateway, or to one pool or setting of it.

    `None` stands for a part that was not written. `site` restricts it to the rules of a public
    name; users never type it.
    """

    name: str
    group: str | None = None
    subscription: str | None = None
    pool: str | None = None
    setting: str | None = None
    site: str | None = None

    @classmethod
    def read(cls, text: str) -> GatewayRef | None:
        """Parse `gw:name`, `gw:group/name[/pool[/setting]]`, or a text with an ARM ID.

        Returns `None` if the text is none of these.

        Raises:
            GatewayNameError: a name is missing or not valid in Azure, or there are too many.
        """
        if text[: len(_PREFIX)].lower() == _PREFIX:
            return cls.of_parts(text[len(_PREFIX) :].strip("/").lower().split("/"))
        found = _ID.search(unquote(text))
        if found is None:
            return None
        names = {key: name.lower() for key, name in _identity(found).items()}
        part = found["part"].lower() if found["part"] else None
        _refuse_other_names([*names.values(), *filter(None, (part,))])
        is_pool = part is not None and found["kind"].lower() == "backendaddresspools"
        return cls(**names, pool=part if is_pool else None, setting=None if is_pool else part)

    @classmethod
    def of_parts(cls, parts: list[str]) -> GatewayRef:
        """Make it from a name, or from group, name, and optionally pool and setting.

        Raises:
            GatewayNameError: as in `read`.
        """
        if len(parts) > _MAX_PARTS:
            raise GatewayNameError("", len(parts))
        _refuse_other_names(parts)
        if len(parts) == 1:
            return cls(name=parts[0])
        group, name, pool, setting = (*parts, None, None)[:_MAX_PARTS]
        return cls(group=group, name=str(name), pool=pool, setting=setting)

    @property
    def text(self) -> str:
        """`gw:group/name/pool/setting` if group and pool are known, else with options."""
        if self.group and (self.pool or not self.setting):
            return _PREFIX + "/".join(filter(None, (self.short, self.pool, self.setting)))
        words = (
            f"{_PREFIX}{self.short}",
            self.pool and f"pool={self.pool}",
            self.setting and f"setting={self.setting}",
        )
        return " ".join(filter(None, words))

    @property
    def short(self) -> str:
        """`group/name`, or the name if the group is unknown."""
        return f"{self.group}/{self.name}" if self.group else self.name

    @property
    def option(self) -> str:
        """The value for the option `gw=`: the ARM ID if it is known."""
        if not self.subscription or not self.group:
            return self.short
        return GatewayId(subscription=self.subscription, group=self.group, name=self.name).key

    @property
    def part(self) -> str:
        """`pool/setting`, or the one that was given; empty for the whole gateway."""
        return "/".join(filter(None, (self.pool, self.setting)))

    @property
    def whole(self) -> GatewayRef:
        """The gateway itself, without pool, setting and site."""
        return replace(self, pool=None, setting=None, site=None)

    def means(self, known: GatewayId) -> bool:
        """Whether the reference matches that gateway; parts that were not written match any."""
        pairs = (
            (known.name, self.name),
            (known.group, self.group),
            (known.subscription, self.subscription),
        )
        return all(word is None or word.lower() == name.lower() for name, word in pairs)


def _identity(found: re.Match[str]) -> dict[str, str]:
    return {key: found[key] for key in ("subscription", "group", "name")}


def _refuse_other_names(names: list[str]) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            raise GatewayNameError(name, len(names))
