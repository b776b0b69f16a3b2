"""The stand-in ARM, for what Slack shows of it."""

from __future__ import annotations

from tests.bot.azure.conftest import (
    arm,
    arm_identity,
    arm_root,
    ca_file,
    client,
    clock,
    new_client,
)

__all__ = ["arm", "arm_identity", "arm_root", "ca_file", "client", "clock", "new_client"]
