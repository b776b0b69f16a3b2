"""The durable engine: what is due is looked at, said once, and survives the death of any process.

It knows neither Slack nor ARM: what to look at, how to render and how to post arrive as objects.
Only `appgw serve` loads this room.
"""

from bot.engine.engine import Engine
from bot.engine.ports import EngineSettings, Looker, Ports, Renderer

__all__ = ["Engine", "EngineSettings", "Looker", "Ports", "Renderer"]
