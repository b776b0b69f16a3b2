"""Messages about cards in a channel that another organisation can read."""

from __future__ import annotations

from bot.cards.parts import Button, Buttons, ContextBlock, Message, compose, say

CONSENT, REVOKE_CONSENT = "consent", "revoke_consent"
_WHY = (
    "This channel is shared with another organisation, and cards hold internal names and addresses."
)


def consent_wanted(*, shown: bool) -> Message:
    """Ask the user for consent; `shown` if they already got the card as an ephemeral message."""
    meanwhile = (
        "Answers are shown to you alone until one of your organisation allows them here."
        if shown
        else "Nothing was changed. Allow cards here first, then ask again."
    )
    return compose(
        "Allow cards in this shared channel?",
        [
            say(f"{_WHY} {meanwhile}"),
            Buttons(elements=(Button(label="Allow here", action=CONSENT, value="{}"),)),
        ],
    )


def consent_given(user: str) -> Message:
    """Tell the channel that cards will appear here, and how to stop that."""
    return compose(
        "Cards are shown in this channel",
        [
            say("Cards are shown in this channel, which another organisation can read too."),
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
