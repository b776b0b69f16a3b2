"""The use cases.

One backend probed and judged, a chain rehearsed, a gateway seen by both witnesses.

Commands, buttons, digests and the terminal all come through here. It knows no Slack and no store;
ARM's answers arrive as values.
"""

from bot.checks.backend_health import add_backend_health, both_words, word_missing
from bot.checks.forecast import forecast, forecast_gateway
from bot.checks.gateway import check_gateway
from bot.checks.probe import CheckContext, Clock, FindIssuers, StageHook, check, rehearse
from bot.checks.removal import rehearse_removal, removal

__all__ = [
    "CheckContext",
    "Clock",
    "FindIssuers",
    "StageHook",
    "add_backend_health",
    "both_words",
    "check",
    "check_gateway",
    "forecast",
    "forecast_gateway",
    "rehearse",
    "rehearse_removal",
    "removal",
    "word_missing",
]
