"""Who may use the bot, how often, and what may be probed.

Decisions only: time and addresses come in as arguments; nothing is resolved here.

It applies to Slack; a terminal probes whatever its user names. Fails closed: what is not understood
is refused.
"""

from bot.access.addresses import never
from bot.access.people import (
    Access,
    AccessPolicy,
    Home,
    Membership,
    Person,
    membership,
)
from bot.access.rates import RateLimiter, ReplayCache
from bot.access.spelling import refuse_spelling
from bot.access.targets import TargetGuard, TargetRules, admit_target
from bot.domain.refusal import Refusal, RefusalKind

__all__ = [
    "Access",
    "AccessPolicy",
    "Home",
    "Membership",
    "Person",
    "RateLimiter",
    "Refusal",
    "RefusalKind",
    "ReplayCache",
    "TargetGuard",
    "TargetRules",
    "admit_target",
    "membership",
    "never",
    "refuse_spelling",
]
