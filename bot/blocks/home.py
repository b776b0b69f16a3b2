"""The Home tab: what is open, what is followed, how the bot is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.blocks.digest_card import run_button, title
from bot.blocks.hostile import clean
from bot.blocks.parts import Block, Button, Buttons, Part, SmallPrint, bold, say
from bot.blocks.usage import OPEN_FORM
from bot.model.digest import DigestLine

MOST_PROBLEMS, MOST_FOLLOWED = 5, 10


def home_view(problems: Sequence[tuple[DigestLine, str]], followed: Sequence[tuple[str, str]], troubles: Mapping[str, str]) -> Block:
    """The view that `views.publish` takes.

    Args:
        problems: open causes, the worst first, each with what looks at it now.
        followed: what the person's subscriptions follow: target and plan.
        troubles: what the bot finds wrong with itself, name -> sentence.
    """
    parts: list[Part] = [say(bold("Open problems"))]
    for number, (line, check) in enumerate(problems[:MOST_PROBLEMS]):
        parts += [say(title(line)), Buttons(elements=(run_button("Check", check, number=number, apart=True),))]
    if not problems:
        parts.append(say("None in what you subscribed to."))
    if len(problems) > MOST_PROBLEMS:
        parts.append(say(f"and {len(problems) - MOST_PROBLEMS} more, in the digests"))
    parts.append(say(bold("What your subscriptions follow")))
    parts += [say(f"{clean(target, 60)} · {clean(plan, 120)}") for target, plan in followed[:MOST_FOLLOWED]]
    if not followed:
        parts.append(say("Nothing yet: in a channel, write /appgw-check subscribe gw:prod-gw"))
    if len(followed) > MOST_FOLLOWED:
        parts.append(say(f"and {len(followed) - MOST_FOLLOWED} more; each channel's list names them"))
    parts.append(Buttons(elements=(Button(label="New check", action=OPEN_FORM, value="{}"),)))
    ill = " · ".join(f"{name}: {clean(sentence, 80)}" for name, sentence in troubles.items())
    parts.append(SmallPrint(text=f"The bot: {ill or 'all is well'}"))
    return _home(parts)


def refused_view(sentence: str) -> Block:
    """Why this person sees nothing here."""
    return _home([say(clean(sentence, 300))])


def _home(parts: Sequence[Part]) -> Block:
    return {"type": "home", "blocks": [part.block() for part in parts]}
