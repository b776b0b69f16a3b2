"""The story in six steps: alert, diagnosis, fix steps, install, healthy, the digest next morning.

Each step does what a user would do on the phone, by the same calls, and waits for its effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from chainlib import Code
from playground.clock import MovableClock
from playground.lab.backends import LabBackend
from playground.phone.snapshot import names
from playground.slack import Ack, Message
from playground.slack.state import BOT_USER, Json
from playground.stage import GATEWAY, Stage

CHANNEL: Final = "C0INCIDENT"
ALERTS_ON: Final = "Alerts in this channel are answered"
PATIENCE_S: Final = 60.0
TITLES: Final = (
    ("Alert", "An alert comes into the incident channel, where somebody said alerts on."),
    (
        "Diagnosis",
        "Nobody asked: the card in its thread says what is wrong, and draws what was sent.",
    ),
    ("Fix steps", "Who has to do what, with the real names filled in."),
    ("Install", "fullchain.pem from the thread is on the server; the bot watches."),
    ("Green", "The same card has turned; the thread says how long it took."),
    ("Next morning", "The channel follows the gateway: its digest has come."),
)


class Story:
    """The present step of the story, and the next one.

    Args:
        stage: the running services.
        clock: moved for the last step; `None` if it cannot be moved.
    """

    def __init__(self, stage: Stage, clock: MovableClock | None) -> None:
        self._stage, self._slack, self._clock = stage, stage.slack, clock
        self._told = 0
        self._alert: Message | None = None
        self._card: Message | None = None
        self._steps: tuple[Callable[[str], Awaitable[str | None]], ...] = (
            self._post_alert,
            self._diagnose,
            self._fix_steps,
            self._install,
            self._green,
            self._digest,
        )

    @property
    def shown(self) -> Json:
        """For the page: number of finished steps, the last one and the next one."""
        title, text = TITLES[self._told - 1] if self._told else ("", "")
        coming = TITLES[self._told][0] if self._told < len(TITLES) else ""
        return {"told": self._told, "of": len(TITLES), "title": title, "text": text, "next": coming}

    async def tap(self, user: str) -> Json:
        """Run the next step and return where to look. After the last one it starts again.

        Raises:
            LookupError: the step did not work; the text says which.
        """
        if self._told == len(self._steps):
            await self._stage.break_again(self._backend.name)
            self._told = 0
        step, title = self._steps[self._told], TITLES[self._told][0]
        try:
            thread = await step(user)
        except TimeoutError:
            raise LookupError(f"{title}: it has not come yet, tap again") from None
        self._told += 1
        self._slack.workspace.touch()
        return {"ok": True, "channel": CHANNEL, "thread": thread}

    @property
    def _backend(self) -> LabBackend:
        """The first server that does not send its intermediate."""
        backends = self._stage.lab.backends
        missing = (b for b in backends if b.recipe.expected is Code.INTERMEDIATE_MISSING)
        return next(missing, backends[0])

    @property
    def _target(self) -> str:
        return f"{self._backend.address}:{self._backend.port}"

    async def _post_alert(self, user: str) -> None:
        """Post an alert where alerts are answered."""
        slack = self._slack
        _answered(await slack.command("alerts on", channel=CHANNEL, user=user))
        await slack.until(lambda: self._said(ALERTS_ON, "0")[0], PATIENCE_S)
        text = (
            f"Fired: Sev 1, UnhealthyHostCount above 0.\nApplication gateway: {GATEWAY}\n"
            f"Backend: {self._target}\nUsers get 502 Bad Gateway."
        )
        self._alert, ack = await slack.app_says(text, channel=CHANNEL)
        _answered(ack)

    async def _diagnose(self, _user: str) -> str | None:
        assert self._alert is not None
        alert = self._alert
        self._card = await self._slack.until(lambda: self._cards_since(alert.ts)[0], PATIENCE_S)
        return self._card.thread_ts

    async def _fix_steps(self, user: str) -> str | None:
        _answered(await self._slack.click(self._now, "Fix steps", user=user))
        await self._slack.until(lambda: self._slack.view(user), PATIENCE_S)
        return self._now.thread_ts

    async def _install(self, user: str) -> str:
        """Install the file from the card's thread."""
        card = self._now
        if self._slack.workspace.views:
            await self._slack.close_view(self._slack.view(user))
        content = await self._slack.until(lambda: self._files(card)["fullchain.pem"], PATIENCE_S)
        _answered(await self._slack.click(card, "more", option="watch", user=user))
        # If the file is installed before the first observation, nothing is left to watch.
        await self._slack.until(lambda: "watched for" in str(self._now.blocks), PATIENCE_S)
        await self._stage.install(self._backend.name, content)
        return card.thread_ts or card.ts

    async def _green(self, _user: str) -> str | None:
        await self._slack.until(lambda: self._now.text.startswith("OK"), PATIENCE_S)
        return self._now.thread_ts

    async def _digest(self, user: str) -> None:
        if self._clock is None:
            raise LookupError("this playground's clock cannot be moved")
        zone = self._slack.workspace.users[user].tz
        line = f"subscribe gw:{GATEWAY} daily 09:00 tz={zone} heartbeat=on"
        _answered(await self._slack.command(line, channel=CHANNEL, user=user))
        before = self._slack.workspace.new_ts()
        await self._slack.until(lambda: self._said(GATEWAY, "0")[0], PATIENCE_S)
        await asyncio.to_thread(self._clock.move, self._clock.until_morning(zone))
        await self._slack.until(lambda: self._digests(before)[0], PATIENCE_S)

    @property
    def _now(self) -> Message:
        """The present state of the card."""
        assert self._card is not None
        found = self._slack.workspace.find(self._card.channel, self._card.ts)
        if found is None:
            raise LookupError("the card was deleted")
        return found

    def _cards_since(self, ts: str) -> list[Message]:
        posts = [m for m in self._slack.workspace.messages(CHANNEL) if m.user == BOT_USER]
        cards = [m for m in posts if m.ts > ts and m.text.startswith(("FAIL ", "WARN ", "OK "))]
        return [m for m in cards if names(m.text, self._backend)]

    def _said(self, word: str, ts: str) -> list[Message]:
        posts = self._slack.workspace.messages(CHANNEL)
        return [m for m in posts if m.user == BOT_USER and m.ts > ts and word in m.text]

    def _digests(self, ts: str) -> list[Message]:
        return [m for m in self._said(GATEWAY, ts) if "Digest:" in str(m.blocks)]

    def _files(self, card: Message) -> dict[str, bytes]:
        root = card.thread_ts or card.ts
        posts = self._slack.workspace.messages(CHANNEL)
        shared = (f for m in posts if m.thread_ts == root and m.ts > card.ts for f in m.files)
        stored = (self._slack.workspace.files[one] for one in shared)
        return {one.name: one.content or b"" for one in stored}


def _answered(ack: Ack) -> None:
    if not ack.ok:
        raise LookupError(f"the bot did not answer: {ack.error}")
