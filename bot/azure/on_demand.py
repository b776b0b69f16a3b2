"""The on-demand probe.

One pool under one setting, with a host, path and timeout of our choice (azure-rules section 4.1).
Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.azure import GatewayId


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDemandProbe:
    """What the gateway is asked to try.

    Attributes:
        pool, setting: names on the gateway.
        protocol: `Https` or `Http`; must equal the setting's.
        host: Host and SNI of the probe; empty picks the setting's own.
        path: starts with `/`.
        timeout_s: seconds.
    """

    pool: str
    setting: str
    protocol: str = "Https"
    host: str = ""
    path: str = "/"
    timeout_s: int = 30

    def body(self, gateway: GatewayId) -> dict[str, object]:
        """The request body that ARM takes."""
        names = {"host": self.host} if self.host else {"pickHostNameFromBackendHttpSettings": True}
        return {
            "protocol": self.protocol,
            "path": self.path,
            "timeout": self.timeout_s,
            "backendAddressPool": {"id": f"{gateway.resource_id}/backendAddressPools/{self.pool}"},
            "backendHttpSettings": {
                "id": f"{gateway.resource_id}/backendHttpSettingsCollection/{self.setting}"
            },
            **names,
        }
