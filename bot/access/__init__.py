"""Access policy and target policy: who may ask, how often, and what may be probed.

Decisions only: time and addresses are arguments, and nothing is resolved here. Slack commands pass
through it; the terminal probes whatever its user names. Input that is not understood is refused.
"""

from bot.access.addresses import why_never_probed
from bot.access.people import (
    UNREADABLE,
    Access,
    AccessPolicy,
    HomeTeam,
    Membership,
    Person,
    membership,
)
from bot.access.rates import RateLimiter, ReplayCache
from bot.access.spelling import refuse_spelling
from bot.access.targets import TargetGuard, TargetRules, admit_target
from bot.domain.refusal import Refusal, RefusalKind

__all__ = [
    "UNREADABLE",
    "Access",
    "AccessPolicy",
    "HomeTeam",
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
    "refuse_spelling",
    "why_never_probed",
]
