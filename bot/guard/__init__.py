"""Who may ask, how often, and what may be touched.

Decisions only: time and addresses come in as arguments; nothing is resolved here.

It binds what is asked through Slack; a terminal probes whatever its user names. Fails closed: what
is not understood is refused.
"""

from bot.guard.addresses import never
from bot.guard.rates import RateLimiter, ReplayCache
from bot.guard.refusal import Refusal, Rule
from bot.guard.spelling import refuse_spelling
from bot.guard.targets import TargetGuard, TargetRules, admit_target
from bot.guard.who import Access, PersonGuard, admit_person

__all__ = [
    "Access",
    "PersonGuard",
    "RateLimiter",
    "Refusal",
    "ReplayCache",
    "Rule",
    "TargetGuard",
    "TargetRules",
    "admit_person",
    "admit_target",
    "never",
    "refuse_spelling",
]
