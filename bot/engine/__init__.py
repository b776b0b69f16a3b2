"""The durable engine.

Due targets are observed and each digest is sent once, across the death of any process.

It knows neither Slack nor ARM: observer, renderer and poster are passed in. Only `appgw serve`
loads this room.
"""

from bot.engine.engine import Engine
from bot.engine.ports import EngineSettings, Observer, Ports, Renderer

__all__ = ["Engine", "EngineSettings", "Observer", "Ports", "Renderer"]
