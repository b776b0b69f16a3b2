"""Reads the alerts of other tools: which target a message is about, and what it says of it.

`read_alert` is the way in. `text` makes lines of a message, `hosts` and `gateways` find names in
them, `roles` says what a name is there, `relevance` whether a check could explain the alert, and
`read` decides. The tables of words are in `words` and `relevance_words`. Pure.
"""

from bot.commands.alerts.read import read_alert, read_alert_json
from bot.commands.alerts.reading import AlertReading, AlertTarget
from bot.commands.alerts.state import is_resolved
from bot.commands.alerts.text import AlertText, read_text

__all__ = [
    "AlertReading",
    "AlertTarget",
    "AlertText",
    "is_resolved",
    "read_alert",
    "read_alert_json",
    "read_text",
]
