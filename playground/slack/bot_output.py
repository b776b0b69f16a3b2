"""What the bot did in the simulated Slack, as its users see it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from playground.slack.state import Message, OpenView, Workspace

T = TypeVar("T")
USER = "U0ONCALL"
CHANNEL = "C0INCIDENT"


class BotOutput:
    """Messages, modals and App Homes of a workspace.

    Attributes:
        workspace: where they are.
    """

    workspace: Workspace

    @property
    def posted(self) -> list[Message]:
        """Everything the bot posted visibly, oldest first, in its present state."""
        return sorted(
            (one for one in self.workspace.posts.values() if one.by_bot), key=lambda one: one.ts
        )

    @property
    def complaints(self) -> list[str]:
        """What Slack would accept but users would suffer from.

        Missing or too long notification texts, refused acknowledgements.
        """
        return self.workspace.complaints

    def messages(self, channel: str = CHANNEL) -> list[Message]:
        """The top-level messages of a channel, oldest first."""
        return [one for one in self.workspace.messages(channel) if one.thread_ts is None]

    def thread(self, message: Message) -> list[Message]:
        """The answers in a message's thread, oldest first."""
        return [
            one for one in self.workspace.messages(message.channel) if one.thread_ts == message.ts
        ]

    def ephemerals(self, user: str = USER) -> list[Message]:
        """The ephemeral messages of this user."""
        return [one for one in self.workspace.ephemerals if one.only_for == user]

    def current(self, message: Message) -> Message:
        """The present state of the message; raises `LookupError` if it was deleted."""
        found = self.workspace.find(message.channel, message.ts)
        if found is None:
            raise LookupError("the message was deleted")
        return found

    def view(self, user: str = USER) -> OpenView:
        """The open modal of this user; raises `LookupError` if there is none."""
        opened = [one for one in self.workspace.views.values() if one.user == user]
        if not opened:
            raise LookupError(f"no form is open before {user}")
        return opened[-1]

    def home(self, user: str = USER) -> OpenView:
        """This user's App Home; raises `LookupError` if the bot never published one."""
        if user not in self.workspace.homes:
            raise LookupError(f"{user} has no Home tab")
        return self.workspace.homes[user]

    async def until(self, found: Callable[[], T], timeout: float = 30.0) -> T:  # noqa: ASYNC109 -- the bound belongs to the wait
        """Wait until `found()` is truthy and return it.

        A `LookupError` or `IndexError` counts as not yet.

        Raises:
            TimeoutError: not within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                if value := found():
                    return value
            except (LookupError, AttributeError):
                pass
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(
                    f"not within {timeout} s; the last messages: "
                    f"{[one.text[:80] for one in self.posted[-3:]]}"
                )
            await self.workspace.changed(min(left, 0.05))

    def reactions(self, message: Message) -> list[str]:
        """The names of the reactions on a message."""
        place = (message.channel, message.ts)
        return [name for *where, name in self.workspace.reactions if tuple(where) == place]
