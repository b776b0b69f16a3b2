"""Converts requests to subscriptions and back to words, and finds subscriptions by target. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from bot.checks.target_observer import SITE_KEY
from bot.commands.command_text import severity_word
from bot.digest.due import first_run
from bot.digest.filters import exclusion
from bot.digest.schedule import schedule
from bot.domain.digest import FollowedTarget, Subscription, TargetKind
from bot.domain.gateway_ref import GatewayId, GatewayRef
from bot.domain.refusal import Refusal
from bot.domain.request import HostTarget, Request, SiteTarget, SubscribeRequest
from bot.subscriptions.records import Author
from chainlib import Severity

_STEP = re.compile(r"every (\d+) (minutes|hours)")


def subscription_of_request(
    request: SubscribeRequest,
    target: FollowedTarget,
    zone: str,
    *,
    who: Author,
    now: datetime,
) -> Subscription | Refusal:
    """The subscription of a request; `who` is team, channel and user.

    A refusal for an invalid schedule or filter, or for a schedule without a run.
    """
    team, channel, user = who
    plan = schedule(request.every, day=request.day, at=request.at, zone=zone)
    if isinstance(plan, Refusal):
        return plan
    next_run, excluded = first_run(plan, now), _exclusions(request)
    if isinstance(next_run, Refusal):
        return next_run
    if isinstance(excluded, Refusal):
        return excluded
    return Subscription(
        team=team,
        channel=channel,
        target=target,
        schedule=plan,
        minimum=request.minimum or Severity.WARNING,
        only_changes=request.only_changes,
        heartbeat=request.heartbeat,
        exclude=excluded,
        created_by=user,
        created_at=now,
        next_run_at=next_run,
    )


def _exclusions(request: SubscribeRequest) -> tuple[str, ...] | Refusal:
    read = [exclusion(text) for text in request.exclude]
    no = next((one for one in read if isinstance(one, Refusal)), None)
    return no or tuple(one for one in read if isinstance(one, str))


def subscribe_command(value: Subscription) -> str:
    """The command that creates a subscription again, without the slash command."""
    step = _STEP.fullmatch(value.schedule.text)
    words = [
        f"subscribe {value.target.text}",
        f"every={step[1]}{step[2][0]}" if step else value.schedule.text,
        f"tz={value.schedule.zone}",
        f"min={severity_word(value.minimum)}",
        "only=changes" if value.only_changes else "",
        f"not={','.join(value.exclude)}" if value.exclude else "",
        "heartbeat=on" if value.heartbeat else "",
    ]
    return " ".join(filter(None, words))


def schedule_and_filters(value: Subscription) -> str:
    """The schedule and filters of a subscription in words."""
    what = {
        Severity.CRITICAL: "what fails",
        Severity.WARNING: "problems and renewals",
        Severity.INFO: "everything",
    }[value.minimum]
    how = "also when nothing changed" if value.heartbeat else "silent when nothing changed"
    left = f"without {', '.join(value.exclude)}" if value.exclude else ""
    return ", ".join(filter(None, (what, "changes only" if value.only_changes else "", left, how)))


def same_gateway(target: FollowedTarget, typed: GatewayRef) -> bool:
    """Whether a followed gateway is the typed one."""
    followed = GatewayId.read(target.key) if target.kind is TargetKind.GATEWAY else None
    return followed is not None and typed.means(followed)


def same_part(one: FollowedTarget, other: FollowedTarget) -> bool:
    """Whether two targets are the same, pool and setting included."""
    return (one.key, one.pool, one.setting) == (other.key, other.pool, other.setting)


def matching(known: Sequence[Subscription], request: Request) -> tuple[Subscription, ...]:
    """The subscriptions to a typed target: exactly to it, else to every part of that gateway."""
    typed = request.target
    if isinstance(typed, HostTarget):
        return tuple(one for one in known if one.target.key == f"{typed.host}:{typed.port}")
    if isinstance(typed, SiteTarget):
        return tuple(one for one in known if one.target.key == f"{SITE_KEY}{typed.host}")
    if not isinstance(typed, GatewayRef):
        return ()
    own = [one for one in known if same_gateway(one.target, typed)]
    exact = [
        one for one in own if (one.target.pool, one.target.setting) == (typed.pool, typed.setting)
    ]
    return tuple(exact or (own if typed.pool is None and typed.setting is None else ()))
