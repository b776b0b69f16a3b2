"""A stand-in Slack on loopback.

Web API, signed HTTP, Socket Mode, and Slack's limits on every payload.

`SlackStandIn` is the face; everything else is behind it. It knows nothing of the bot it talks to.
"""

from playground.slack.faults import Fault, Faults
from playground.slack.sending import Ack
from playground.slack.standin import SlackStandIn
from playground.slack.state import Channel, Message, User, Workspace

__all__ = ["Ack", "Channel", "Fault", "Faults", "Message", "SlackStandIn", "User", "Workspace"]
