"""The stand-in ARM, as the tests of the ARM edge use it."""

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
