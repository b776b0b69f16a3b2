"""A captured request that is sent again inside Slack's window is refused.

The same words typed again are not.
"""

from __future__ import annotations

import time
from urllib.parse import urlencode

import aiohttp
from slack_sdk.signature import SignatureVerifier

from tests.support.slackbot import running_bot


async def test_a_replayed_signed_request_is_refused() -> None:
    async with running_bot() as bot:
        body = urlencode(
            {
                "command": "/appgw-check",
                "text": "version",
                "user_id": "U0ONCALL",
                "channel_id": "C0INCIDENT",
                "team_id": "T0",
            }
        )
        timestamp = str(int(time.time()))
        signature = SignatureVerifier(bot.slack.signing_secret).generate_signature(
            timestamp=timestamp, body=body
        )
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": str(signature),
        }
        async with aiohttp.ClientSession() as session:
            statuses = []
            for _ in range(2):
                async with session.post(
                    str(bot.slack.request_url), data=body, headers=headers
                ) as answer:
                    statuses.append(answer.status)
    assert statuses == [200, 401]


async def test_the_same_command_typed_again_is_no_replay() -> None:
    async with running_bot() as bot:
        acks = [await bot.slack.command("version") for _ in range(2)]
    assert [ack.status for ack in acks] == [200, 200]
