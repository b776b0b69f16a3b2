"""Messages about cards in a channel that another organisation can read."""

from __future__ import annotations

from bot.cards.parts import Button, Buttons, ContextBlock, Message, compose, say
from bot.domain.sharing import Sharing

CONSENT, REVOKE_CONSENT = "consent", "revoke_consent"
_INTERNAL = "and cards contain internal names and addresses."
_SHARED = f"This channel is shared with another organisation, {_INTERNAL}"
_UNANSWERED = (
    f"Slack does not say right now whether another organisation can read this channel, {_INTERNAL}"
)
_FIRST = "Nothing was changed. Allow cards here first, then ask again."
_ALONE = "Answers are shown to you alone until one of your organisation allows them here."
_THIS_ALONE = "This answer is shown to you alone."
_IN_A_MINUTE = "Ask again in a minute, or allow cards here."


def consent_wanted(sharing: Sharing, *, shown: bool) -> Message:
    """Ask the user for consent; `shown` if they already got the card as an ephemeral message."""
    if sharing is Sharing.UNANSWERED:
        title, why = "Allow cards in this channel?", _UNANSWERED
        meanwhile = f"{_THIS_ALONE if shown else 'Nothing was changed.'} {_IN_A_MINUTE}"
    else:
        title, why = "Allow cards in this shared channel?", _SHARED
        meanwhile = _ALONE if shown else _FIRST
    button = Button(label="Allow here", action=CONSENT, value="{}")
    return compose(title, [say(f"{why} {meanwhile}"), Buttons(elements=(button,))])


def sharing_awaited() -> Message:
    """Tell the user why nothing is posted in the channel yet."""
    return compose(
        "Looking up who can read this channel",
        [
            say(
                "Slack has not said yet whether another organisation can read this channel. The "
                "answer waits a few seconds for Slack; if Slack does not say, only you see it."
            )
        ],
    )


def consent_given(user: str) -> Message:
    """Tell the channel that cards will appear here, and how to stop that."""
    return compose(
        "Cards are shown in this channel",
        [
            say("Cards are shown in this channel, also to another organisation that can read it."),
            ContextBlock(text="Allowed", user=user),
            Buttons(elements=(Button(label="Stop", action=REVOKE_CONSENT, value="{}"),)),
        ],
    )


def consent_revoked() -> Message:
    """Confirm the withdrawal to the user who made it."""
    return compose(
        "Cards are shown to the asker alone",
        [
            say(
                "Cards are shown in this channel to the person who asks, alone. Digests and alerts "
                "go on: end them with unsubscribe all and alerts off."
            )
        ],
    )
