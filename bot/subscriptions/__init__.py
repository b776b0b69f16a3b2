"""The use cases for what channels follow: subscribe, list, mute, preview, history, recovery.

No module here uses a term of Slack.
"""

from bot.subscriptions.alerts import AlertMemory
from bot.subscriptions.current import current_digest
from bot.subscriptions.memory import Author, SubscriptionMemory
from bot.subscriptions.seen import SeenRequests
from bot.subscriptions.service import Profile, SubscriptionService
from bot.subscriptions.shared_channels import SharedChannels
from bot.subscriptions.watches import WatchRecords

__all__ = [
    "AlertMemory",
    "Author",
    "Profile",
    "SeenRequests",
    "SharedChannels",
    "SubscriptionMemory",
    "SubscriptionService",
    "WatchRecords",
    "current_digest",
]
