"""Fix steps with the real names of a case, by kind of server and by tool for the gateway.

Pure: values in, text out; nothing is executed.
"""

from bot.fixsteps.guess import guess_server_kind
from bot.fixsteps.guides import gateway_guide, guide, has_gateway_guide, has_server_guide
from bot.fixsteps.values import FixContext, FixGuide, FixStep, Language, ServerKind, Tool

__all__ = [
    "FixContext",
    "FixGuide",
    "FixStep",
    "Language",
    "ServerKind",
    "Tool",
    "gateway_guide",
    "guess_server_kind",
    "guide",
    "has_gateway_guide",
    "has_server_guide",
]
