"""App Home: open problems, recent checks, subscriptions, state of the bot. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot.cards.digest_card import run_button, title
from bot.cards.escaping import clean
from bot.cards.lock_screen import SHAPES
from bot.cards.parts import Block, Button, Buttons, ContextBlock, Part, Span, bold, say
from bot.cards.usage import OPEN_MODAL
from bot.domain.digest import DigestLine
from bot.domain.refusal import Refusal
from chainlib import Severity, and_more, counted
from chainlib.frozen import dataclass

MAX_PROBLEMS, MAX_FOLLOWED = 5, 10
_TARGET, _PLAN, _WORDS = 60, 120, 100
_SECOND_ROW = 100  # the number makes the action IDs of one view distinct


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One subscription: its target, its schedule, and the ID of its channel."""

    target: str
    plan: str
    channel: str


def app_home_view(
    problems: Sequence[tuple[DigestLine, str]],
    hosts: Sequence[str],
    followed: Sequence[Followed],
    troubles: Mapping[str, str],
    *,
    muted: int = 0,
    hidden: int = 0,
) -> Block:
    """The view that `views.publish` takes.

    Args:
        problems: open causes, the worst first, each with the command that checks it now.
        hosts: the user's last checks, newest first, as typed.
        followed: the subscriptions of the user's channels.
        troubles: failed checks of the bot itself, name -> sentence.
        muted: how many open causes are muted in the user's channels.
        hidden: how many channels are omitted because Slack does not confirm the user's membership.
    """
    failing = " · ".join(f"{name}: {clean(sentence, 80)}" for name, sentence in troubles.items())
    return _home(
        [
            *_problems(problems, muted),
            *_hosts(hosts),
            *_followed(followed),
            *_hidden(hidden),
            Buttons(elements=(Button(label="New check", action=OPEN_MODAL, value="{}"),)),
            ContextBlock(text=f"Bot status: {failing or 'ok'}"),
        ]
    )


def refused_view(no: Refusal) -> Block:
    """The view that says why this user sees nothing here."""
    return _home([say(clean(no.sentence, 300))])


def _problems(problems: Sequence[tuple[DigestLine, str]], muted: int) -> Iterator[Part]:
    yield say(bold("Open problems of your channels"))
    for number, (line, check) in enumerate(problems[:MAX_PROBLEMS]):
        mark = SHAPES["FAIL" if line.severity is Severity.CRITICAL else "WARN"]
        yield say(bold(f"{mark} {title(line)}"), f" · {clean(_where(line, check), _WORDS)}")
        yield Buttons(elements=(run_button("Check", check, number=number, apart=True),))
    muted_text = f"{muted} muted." if muted else ""
    if not problems:
        yield say(f"None in the subscriptions{'; ' if muted else '.'}{muted_text}")
    elif muted:
        yield say(muted_text)
    if more := and_more(len(problems), MAX_PROBLEMS):
        yield say(f"{more}, in the digests")


def _where(line: DigestLine, check: str) -> str:
    """The backend, or the number of backends with the names of their gateways.

    A target that could not be checked has no backends; then it is the target itself.
    """
    labels = list(dict.fromkeys(member.label for member in line.members))
    backends = labels[0] if len(labels) == 1 else f"{len(line.members)} backends" if labels else ""
    return ", ".join(filter(None, (backends, *line.gateways))) or check


def _hosts(hosts: Sequence[str]) -> Iterator[Part]:
    if hosts:
        yield say(bold("Your latest checks"))
    for number, words in enumerate(hosts, _SECOND_ROW):
        yield say(clean(words, _WORDS))
        yield Buttons(elements=(run_button("Check again", words, number=number, apart=True),))


def _followed(followed: Sequence[Followed]) -> Iterator[Part]:
    yield say(bold("Subscriptions of your channels"))
    for one in followed[:MAX_FOLLOWED]:
        yield say(
            bold(clean(one.target, _TARGET)),
            " in ",
            _place(one.channel),
            f" · {clean(one.plan, _PLAN)}",
        )
    if not followed:
        yield say("None yet. In a channel, type /appgw-check subscribe gw:prod-gw")
    if more := and_more(len(followed), MAX_FOLLOWED):
        yield say(f"{more}; /appgw-check list in a channel shows its own")


def _hidden(count: int) -> Iterator[Part]:
    if count:
        yield ContextBlock(
            text=(
                f"{counted(count, 'channel')} left out: you are not in it, or the bot lacks the "
                "scopes channels:read and groups:read to see that you are"
            )
        )


def _place(channel: str) -> Span:
    return (
        Span(text=channel, channel=True)
        if channel.startswith(("C", "G"))
        else Span(text="direct messages with the bot")
    )


def _home(parts: Sequence[Part]) -> Block:
    return {"type": "home", "blocks": [part.block() for part in parts]}
