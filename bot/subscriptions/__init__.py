"""The use cases for what channels follow: subscribe, list, mute, preview, history, recovery.

No module here uses a term of Slack.
"""

from bot.subscriptions.alerts import AlertRecords
from bot.subscriptions.current import current_digest
from bot.subscriptions.records import Author, SubscriptionRecords, WatchRecords
from bot.subscriptions.seen import SeenRequests
from bot.subscriptions.service import Profile, SubscriptionService
from bot.subscriptions.shared_channels import SharedChannels

__all__ = [
    "AlertRecords",
    "Author",
    "Profile",
    "SeenRequests",
    "SharedChannels",
    "SubscriptionRecords",
    "SubscriptionService",
    "WatchRecords",
    "current_digest",
]
