"""The durable engine: observes due targets and sends each digest once, across restarts and crashes.

It knows neither Slack nor ARM: observer, renderer and poster are passed in. Only `appgw serve`
imports this package.
"""

from bot.engine.engine import Engine
from bot.engine.ports import EngineSettings, Observer, Ports, Renderer

__all__ = ["Engine", "EngineSettings", "Observer", "Ports", "Renderer"]
