"""The scopes of the Slack app, and what does not work without each. Pure.

manifest.yml requests the same scopes, and `bot.slack` finds out which are granted.
"""

from __future__ import annotations

from collections.abc import Collection

from bot.checks.doctor import CheckState, DoctorCheck
from chainlib.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One scope.

    Attributes:
        name: Slack's name of it.
        without: what does not work if it is missing.
        optional: whether the app may be installed without it.
    """

    name: str
    without: str
    optional: bool = False


SCOPES = (
    Scope(name="commands", without="slash commands and shortcuts do not reach the bot"),
    Scope(name="chat:write", without="nothing can be posted"),
    Scope(name="files:write", without="corrected chains go out as text in place of files"),
    Scope(name="app_mentions:read", without="mentions do not reach the bot"),
    Scope(
        name="files:read",
        without="a chain for rehearse is pasted, not added as a file",
        optional=True,
    ),
    Scope(
        name="channels:history",
        without=(
            "a mention does not read the thread above it, a lost digest or card is not searched "
            "for, and `alerts on` receives no alerts"
        ),
        optional=True,
    ),
    Scope(
        name="groups:history",
        without=(
            "in private channels a mention does not read the thread above it, a lost digest or "
            "card is not searched for, and `alerts on` receives no alerts"
        ),
        optional=True,
    ),
    Scope(
        name="im:history",
        without="direct messages do not reach the bot",
        optional=True,
    ),
    Scope(
        name="reactions:write",
        without="an alert whose problem is over gets no reaction, only a line in its thread",
        optional=True,
    ),
    Scope(
        name="channels:read",
        without=(
            "App Home shows nothing of public channels, and a channel counts as shared with "
            "another organisation from the first mention in it"
        ),
        optional=True,
    ),
    Scope(
        name="groups:read",
        without=(
            "App Home shows nothing of private channels, and such a channel counts as shared with "
            "another organisation from the first mention in it"
        ),
        optional=True,
    ),
    Scope(
        name="users:read",
        without="on Enterprise Grid people of other own workspaces may be refused",
        optional=True,
    ),
)


def missing_scopes(granted: Collection[str]) -> tuple[DoctorCheck, ...]:
    """One check of all scopes; a missing required one fails it.

    Args:
        granted: the token's scopes; empty if Slack does not say.
    """
    if not set(granted) - {""}:
        sentence = "Slack does not say which scopes are granted."
        return (DoctorCheck(what="scopes", state=CheckState.WARNING, sentence=sentence),)
    missing = [scope for scope in SCOPES if scope.name not in granted]
    if not missing:
        sentence = "everything that the manifest asks for is granted."
        return (DoctorCheck(what="scopes", state=CheckState.OK, sentence=sentence),)
    listed = "; ".join(f"{scope.name} is missing: {scope.without}" for scope in missing)
    state = CheckState.WARNING if all(scope.optional for scope in missing) else CheckState.FAIL
    sentence = f"{listed}. Add them under OAuth & Permissions and install the app again."
    return (DoctorCheck(what="scopes", state=state, sentence=sentence),)
