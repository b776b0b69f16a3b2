"""The answers of the `alerts` command, and the lines that are posted under an alert."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.digest_card import run_button
from bot.cards.escaping import clean
from bot.cards.parts import Buttons, ContextBlock, Message, Part, Span, compose, say
from bot.domain.alerts import AlertSwitch
from chainlib import listed

_SHOWN = 5
_WHAT_HAPPENS = (
    "An alert that names a known gateway, member or site is answered in its thread; other "
    "messages get no answer."
)


def alerts_state(
    switch: AlertSwitch | None, apps: Sequence[str], lacking: Sequence[str]
) -> Message:
    """Whether alerts are answered in this channel.

    Args:
        switch: who switched them on; `None` where they are off.
        apps: IDs of the apps whose messages count as alerts.
        lacking: what is missing for it to work, one sentence each.
    """
    if switch is None:
        sentence = "Alerts in this channel are not answered."
        button = run_button("Switch on", "alerts on", apart=True)
        return compose(sentence, [say(sentence), Buttons(elements=(button,))])
    sentence = f"Alerts in this channel are answered, if they come from {_named(apps)}."
    parts: list[Part] = [say(sentence), say(_WHAT_HAPPENS), *map(say, lacking)]
    button = run_button("Switch off", "alerts off", apart=True)
    return compose(
        sentence,
        [
            *parts,
            Buttons(elements=(button,)),
            ContextBlock(text="Switched on", user=switch.by, at=switch.at),
        ],
    )


def alerts_off(by: str) -> Message:
    """Confirmation that alerts are no longer answered in this channel."""
    sentence = "Alerts in this channel are no longer answered."
    parts: list[Part] = [say(sentence), ContextBlock(text="Switched off", user=by)]
    return compose(sentence, parts)


def healthy_again(lock_screen: str, taken: str) -> Message:
    """The line in the thread when the problem has ended; `taken` is how long it lasted."""
    sentence = f"Green after {taken}."
    return compose(f"{sentence} {lock_screen}", [say(sentence)])


def failing_again(lock_screen: str, link: str | None) -> Message:
    """The line under another alert about a problem that had ended for a while."""
    where = Span(text="see its card", link=link) if link else "its card is updated"
    sentence = "The problem that ended less than an hour ago is back"
    return compose(f"Again: {lock_screen}", [say(f"{sentence}; ", where, ".")])


def same_problem(link: str | None) -> Message:
    """The line under a card whose problem has become one that another card shows."""
    where = Span(text="see its card", link=link) if link else "its card is kept up to date"
    sentence = "This is now the same problem as that of an earlier alert"
    return compose(sentence, [say(f"{sentence}; ", where, ".")])


def _named(apps: Sequence[str]) -> str:
    return listed([clean(app, 20) for app in apps], shown=_SHOWN)
