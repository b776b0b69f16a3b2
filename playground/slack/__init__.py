"""A simulated Slack on loopback: Web API, signed HTTP, Socket Mode, and Slack's limits.

Use `SlackStandIn`; the other modules are internal. It knows nothing of the bot.
"""

from playground.slack.faults import Fault, Faults
from playground.slack.sending import Ack
from playground.slack.standin import SlackStandIn
from playground.slack.state import Channel, Message, User, Workspace

__all__ = ["Ack", "Channel", "Fault", "Faults", "Message", "SlackStandIn", "User", "Workspace"]
