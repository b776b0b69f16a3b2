"""How a gateway is named: ARM's identity of it, and the reference that people write.

Each has one text form and one parser. ARM compares names without case, so a reference that was
read is in lower case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import unquote

_NAME = re.compile(r"[\w(][\w.()-]{0,89}")
"""Azure's alphabet for names of groups, gateways, pools and settings."""
_PREFIX = "gw:"
_MOST_PARTS = 4
_ID = re.compile(
    r"/?subscriptions/(?P<subscription>[\w-]+)/resourceGroups/(?P<group>[^/?#]+)"
    r"/providers/Microsoft\.Network/applicationGateways/(?P<name>[^/?#]+)"
    r"(?:/(?P<kind>backendAddressPools|backendHttpSettingsCollection|backendSettingsCollection)"
    r"/(?P<part>[^/?#]+))?",
    re.IGNORECASE,
)


class GatewayNameError(ValueError):
    """A text speaks of a gateway and cannot name one.

    Attributes:
        part: the name that Azure does not allow; empty where a name is missing.
        parts: how many names there are.
    """

    def __init__(self, part: str, parts: int) -> None:
        super().__init__(part)
        self.part, self.parts = part, parts

    @property
    def too_many(self) -> bool:
        """There are more names than a reference has."""
        return self.parts > _MOST_PARTS


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayId:
    """The identity of a gateway; ids are compared without case, as ARM does."""

    subscription: str
    group: str
    name: str

    @classmethod
    def read(cls, text: str) -> GatewayId | None:
        """The gateway that an ARM id belongs to, a sub-resource's id included."""
        found = _ID.match(text)
        return cls(**_identity(found)) if found else None

    @property
    def resource_id(self) -> str:
        """The ARM id."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/Microsoft.Network/applicationGateways/{self.name}"
        )

    @property
    def key(self) -> str:
        """The ARM id folded for comparison."""
        return self.resource_id.lower()

    @property
    def ref(self) -> GatewayRef:
        """The whole gateway, spelt as ARM spells it."""
        return GatewayRef(subscription=self.subscription, group=self.group, name=self.name)

    @property
    def folded(self) -> GatewayRef:
        """The same in lower case, as a reference that was read."""
        return GatewayRef(
            subscription=self.subscription.lower(),
            group=self.group.lower(),
            name=self.name.lower(),
        )

    @property
    def text(self) -> str:
        """How people write it."""
        return self.ref.text


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRef:
    """A gateway, or one pool or setting of it, as it is referred to.

    `None` is what was not written; `site` narrows to the rules of a public name and is never typed.
    """

    name: str
    group: str | None = None
    subscription: str | None = None
    pool: str | None = None
    setting: str | None = None
    site: str | None = None

    @classmethod
    def read(cls, text: str) -> GatewayRef | None:
        """From `gw:name`, `gw:group/name[/pool[/setting]]`, or a text that holds an ARM id.

        `None` where there is no ARM id.

        Raises:
            GatewayNameError: a name is missing, not one of Azure's, or there are too many.
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
        """From the name alone, or from group, name, and perhaps pool and setting.

        Raises:
            GatewayNameError: as in `read`.
        """
        if len(parts) > _MOST_PARTS:
            raise GatewayNameError("", len(parts))
        _refuse_other_names(parts)
        if len(parts) == 1:
            return cls(name=parts[0])
        group, name, pool, setting = (*parts, None, None)[:_MOST_PARTS]
        return cls(group=group, name=str(name), pool=pool, setting=setting)

    @property
    def text(self) -> str:
        """`gw:group/name/pool/setting` where group and pool are known, else with options."""
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
        """`group/name`, or the name where the group is not known."""
        return f"{self.group}/{self.name}" if self.group else self.name

    @property
    def option(self) -> str:
        """What stands after `gw=`: the ARM id where it is known."""
        if not self.subscription or not self.group:
            return self.short
        return GatewayId(subscription=self.subscription, group=self.group, name=self.name).key

    @property
    def part(self) -> str:
        """`pool/setting`, or the one that was named; empty for the whole gateway."""
        return "/".join(filter(None, (self.pool, self.setting)))

    @property
    def whole(self) -> GatewayRef:
        """The gateway itself, without pool, setting and site."""
        return replace(self, pool=None, setting=None, site=None)

    def means(self, known: GatewayId) -> bool:
        """Whether that gateway fits; what was not written fits any."""
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
