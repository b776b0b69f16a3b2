"""Who may ask, how often, and what may be touched.

Decisions only: time and addresses come in as arguments; nothing is resolved here.

It binds what is asked through Slack; a terminal probes whatever its user names. Fails closed: what
is not understood is refused.
"""

from bot.access.addresses import never
from bot.access.people import Access, PersonGuard, admit_person
from bot.access.rates import RateLimiter, ReplayCache
from bot.access.refusal import Refusal, Rule
from bot.access.spelling import refuse_spelling
from bot.access.targets import TargetGuard, TargetRules, admit_target

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
