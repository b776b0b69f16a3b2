"""The use cases.

One backend probed and judged, a chain rehearsed, a gateway probed and its backend health read.

Commands, buttons, digests and the terminal all come through here. It knows no Slack and no store;
ARM's answers arrive as values. What only gateways need is in the modules `backend_health`,
`gateway` and `removal`, which `appgw check` does not import.
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
