"""How ARM is reached: identity, cloud, endpoint and time limits.

Plain values; nothing here reads the environment. `configured` makes them from `Settings`.
"""

from __future__ import annotations

from dataclasses import field

from chainlib.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmSettings:
    """Which Azure cloud is used, and which identity (docs/settings.md).

    Attributes:
        subscriptions: IDs to look for gateways in; empty means those that the identity can see.
        credential: `managed-identity`, `workload-identity`, `cli`, `default` or `static`.
        static_token: the token of the `static` credential, for test servers.
        cloud: `public`, `usgov` or `china`.
        arm_url: another ARM endpoint, `https://...`.
        ca_bundle: PEM file with CAs that are trusted in addition to the system's.
        client_id: of a user-assigned managed identity; `None` for the system-assigned one.
    """

    subscriptions: tuple[str, ...] = ()
    credential: str = "managed-identity"
    static_token: str | None = field(default=None, repr=False)
    cloud: str = "public"
    arm_url: str | None = None
    ca_bundle: str | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmTiming:
    """How long to wait for ARM and how long its answers count as fresh, in seconds.

    Attributes:
        poll_interval: between two polls of a running operation when ARM sends no Retry-After (the
            SDK's own default is 30).
        health_budget: limit of one backend health operation; ARM needs 10 s and more (azure-rules
            section 4.2).
        read_budget: limit for listing or reading gateways.
        retry_after_limit: the longest Retry-After that is waited for; with a longer one the request
            fails and the card says how long to wait.
        retries: further tries after 429 and 5xx; a count, not seconds.
        inventory_age: the list of gateways is read again after this time.
        stale_age: up to this age an older list is used while ARM is down.
        failure_age: a failed read is not repeated for this time.
    """

    poll_interval: float = 5.0
    health_budget: float = 60.0
    read_budget: float = 20.0
    retry_after_limit: float = 10.0
    retries: int = 2
    inventory_age: float = 300.0
    stale_age: float = 3600.0
    failure_age: float = 15.0
