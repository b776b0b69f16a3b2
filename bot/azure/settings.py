"""How ARM is reached: identity, cloud, endpoint, and how long we wait.

Plain values; nothing here reads the environment.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmSettings:
    """Which Azure is asked, and as whom (docs/settings.md).

    Attributes:
        subscriptions: ids to look for gateways in; empty means those that the identity can see.
        credential: `managed-identity`, `workload-identity`, `cli`, `default` or `static`.
        static_token: what `static` sends; for stand-ins.
        cloud: `public`, `usgov` or `china`.
        arm_url: another ARM endpoint, `https://...`.
        ca_bundle: PEM file whose CAs are trusted besides the system's.
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
    """How long we wait for ARM and how long its answers count as fresh; all in seconds.

    Attributes:
        poll_interval: between polls of a running operation where ARM names no Retry-After (the
            SDK's own default is 30).
        health_budget: for one backend-health operation; ARM needs 10 s and more (azure-rules
            section 4.2); one that does not end by then is given up.
        read_budget: for listing or reading gateways.
        retry_after_limit: the longest Retry-After of an error that is waited out; a longer one is
            told to people.
        retries: further tries after 429 and 5xx.
        inventory_age: after which the list of gateways is read anew.
        stale_age: up to which an older list stands in while ARM is down.
        failure_age: how long a failed reading is not repeated.
    """

    poll_interval: float = 5.0
    health_budget: float = 60.0
    read_budget: float = 20.0
    retry_after_limit: float = 10.0
    retries: int = 2
    inventory_age: float = 300.0
    stale_age: float = 3600.0
    failure_age: float = 15.0
