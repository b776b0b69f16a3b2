"""The use cases for checks: check a backend, rehearse a chain, check a gateway with backend health.

Commands, buttons, digests and the terminal all call this package. It knows neither Slack nor the
store, and ARM's answers arrive as values. `appgw check` does not import `backend_health`, `gateway`
and `removal`, which only gateways need.
"""

from bot.checks.probe import CheckContext, Clock, FindIssuers, StageHook, check, rehearse

__all__ = [
    "CheckContext",
    "Clock",
    "FindIssuers",
    "StageHook",
    "check",
    "rehearse",
]
