"""Parses the text of the slash command into a `Request` or a `Usage`, and alerts into requests.

Pure: no I/O, no clock, no state. `appgw parse --json` prints its result; the documentation and the
help are generated from `HELP`.
"""

from bot.commands.clean import MAX_LINE
from bot.commands.gateway_names import named_gateway, read_gateway
from bot.commands.help import GENERAL, HELP, VerbHelp, examples
from bot.commands.host import TypedHost, host_target
from bot.commands.options import KEYS, LEAST
from bot.commands.parse import parse, parse_json
from bot.commands.values import (
    TargetError,
    Usage,
    repeatable,
)

__all__ = [
    "GENERAL",
    "HELP",
    "KEYS",
    "LEAST",
    "MAX_LINE",
    "TargetError",
    "TypedHost",
    "Usage",
    "VerbHelp",
    "examples",
    "host_target",
    "named_gateway",
    "parse",
    "parse_json",
    "read_gateway",
    "repeatable",
]
