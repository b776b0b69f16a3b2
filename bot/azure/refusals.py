"""Why ARM could not answer: one sentence for the card and advice for the operator. Pure.

`errors` maps the SDK's exceptions to these functions. `ROLE` below is the only role that the bot
needs (azure-rules section 4.6); `deploy/role.json` has the same content.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import ceil
from types import MappingProxyType
from typing import Any

from bot.domain.azure import Gateway
from bot.domain.gateway_ref import GatewayId
from bot.domain.refusal import Refusal, RefusalKind
from bot.fixsteps.quoting import sh_word
from chainlib import counted

ROLE_FILE = "appgw-check-role.json"
ROLE: Mapping[str, Any] = MappingProxyType(
    {
        "Name": "appgw-check reader",
        "IsCustom": True,
        "Description": (
            "Read application gateways and ask them for backend health; nothing can be changed "
            "with it."
        ),
        "Actions": [
            "Microsoft.Network/applicationGateways/read",
            "Microsoft.Network/applicationGateways/backendhealth/action",
            "Microsoft.Network/locations/operationResults/read",
            "Microsoft.Network/publicIPAddresses/read",
        ],
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": ["/subscriptions/<subscription-id>"],
    }
)
_TOKEN_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "managed-identity": (
            "give the machine a managed identity; a user-assigned one is named by AZURE_CLIENT_ID. "
            "Outside Azure, for example on a laptop, run `az login` and set "
            "APPGW_AZURE_CREDENTIAL=cli"
        ),
        "workload-identity": (
            "label the pod azure.workload.identity/use: 'true' and annotate its service account "
            "with the client id"
        ),
        "cli": "run `az login` as the user that runs the bot",
        "default": (
            "set APPGW_AZURE_CREDENTIAL to the one credential that is meant, for example "
            "managed-identity"
        ),
        "static": "set APPGW_AZURE_STATIC_TOKEN to a token that the endpoint accepts",
    }
)


def role_json() -> str:
    """The custom role in the form that `az role definition create` reads."""
    return json.dumps(dict(ROLE), indent=2) + "\n"


def role_remedy() -> tuple[str, ...]:
    """Advice when the identity lacks rights: the role and the commands to create and assign it."""
    assign = (
        f'az role assignment create --assignee <client-id> --role "{ROLE["Name"]}" --scope '
        "/subscriptions/<subscription-id>"
    )
    return (
        f"Save as {ROLE_FILE}:",
        *role_json().splitlines(),
        f"az role definition create --role-definition @{ROLE_FILE}",
        assign,
    )


def no_subscription() -> Refusal:
    """The identity can sign in but sees no subscription, or only disabled ones."""
    sentence = (
        "The bot's identity can read no Azure subscription that is enabled, so the bot knows no "
        "gateway."
    )
    remedy = (
        "az account list --all --query '[].{name:name, id:id, state:state}' -o table",
        "Where a subscription is disabled, its owner enables it; otherwise assign the role:",
        *role_remedy(),
    )
    return Refusal(kind=RefusalKind.NOT_CONFIGURED, sentence=sentence, remedy=remedy)


def no_such_subscription() -> Refusal:
    """ARM knows no subscription of that ID, or hides it from the identity."""
    sentence = (
        "Azure does not know one of the subscriptions in APPGW_SUBSCRIPTIONS, or the bot's "
        "identity may not read it."
    )
    remedy = (
        "az account list --query '[].{name:name, id:id}' -o table",
        "Then correct APPGW_SUBSCRIPTIONS, or assign the role:",
        *role_remedy(),
    )
    return Refusal(kind=RefusalKind.NOT_CONFIGURED, sentence=sentence, remedy=remedy)


def no_credential(credential: str, what: str) -> Refusal:
    """There is no token, or ARM does not accept it."""
    sentence = f"The bot could not sign in to Azure ({credential}), so it cannot read {what}."
    advice = _TOKEN_ADVICE.get(credential, _TOKEN_ADVICE["default"])
    return Refusal(
        kind=RefusalKind.NO_CREDENTIAL,
        sentence=sentence,
        remedy=(f"Sign-in with {credential}: {advice}.",),
    )


def forbidden(what: str, action: str | None = None) -> Refusal:
    """The identity lacks a right; `action` names it if ARM said so and our role contains it."""
    right = f" It lacks {action}." if action else ""
    sentence = f"The bot's identity may not read {what}.{right}"
    return Refusal(kind=RefusalKind.FORBIDDEN, sentence=sentence, remedy=role_remedy())


def not_found(what: str) -> Refusal:
    """The resource does not exist, or ARM hides it from the identity."""
    sentence = (
        f"Azure does not find {what}: it was deleted, renamed or moved, or the bot's identity may "
        "not read it."
    )
    remedy = (
        (
            "az network application-gateway list "
            "--query '[].{name:name, group:resourceGroup}' -o table"
        ),
    )
    return Refusal(kind=RefusalKind.NOT_FOUND, sentence=sentence, remedy=remedy)


def out_of_scope() -> Refusal:
    """APPGW_SUBSCRIPTIONS does not name the subscription, so ARM is not asked."""
    return Refusal(
        kind=RefusalKind.OUT_OF_SCOPE,
        sentence=(
            "That gateway is in a subscription that APPGW_SUBSCRIPTIONS does not list, so the "
            "bot does not read it."
        ),
        remedy=("An operator adds the subscription's id to APPGW_SUBSCRIPTIONS.",),
    )


def stopped(gateway: Gateway) -> Refusal:
    """A stopped gateway sends no probes, so it has no backend health (azure-rules section 3.3)."""
    sentence = (
        f"The gateway {gateway.id.name} is {gateway.state.lower()}, so it probes no backend and "
        "answers no request."
    )
    starting = gateway.state.lower() == "starting"
    remedy = () if starting else (_az("application-gateway start", gateway.id),)
    return Refusal(kind=RefusalKind.STOPPED, sentence=sentence, remedy=remedy)


def updating(what: str, gateway: GatewayId | None, retry_after: float | None = None) -> Refusal:
    """Another operation on the gateway is running; this usually takes minutes."""
    name = gateway.name if gateway else "A gateway"
    sentence = (
        f"{name} is being updated, so Azure does not return {what} now; check again in a few "
        "minutes."
    )
    remedy = (_az("application-gateway wait --updated", gateway),) if gateway else ()
    return Refusal(
        kind=RefusalKind.UPDATING, sentence=sentence, remedy=remedy, retry_after=retry_after
    )


def locked(what: str, gateway: GatewayId | None) -> Refusal:
    """A read-only lock: backend health is a POST, which such a lock refuses until it is lifted.

    https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources
    """
    name = gateway.name if gateway else "The gateway"
    sentence = (
        f"{name} has a read-only lock, and Azure does not return {what} until the lock "
        "is removed; waiting does not help."
    )
    group = f" -g {sh_word(gateway.group, 'RESOURCE_GROUP')}" if gateway else ""
    remedy = (
        f"az lock list{group} --query \"[?level=='ReadOnly'].{{name:name, id:id}}\" -o table",
        (
            "Ask the owner of the lock to delete it, or to change it to CanNotDelete, which allows "
            "reading backend health; a lock of the subscription counts too."
        ),
    )
    return Refusal(kind=RefusalKind.LOCKED, sentence=sentence, remedy=remedy)


def conflict(what: str, code: str, gateway: GatewayId | None) -> Refusal:
    """A 409 for another reason, shown with ARM's own code."""
    sentence = f"Azure does not return {what} in the gateway's current state ({code})."
    query = '--query "{provisioning:provisioningState, state:operationalState}"'
    remedy = (f"{_az('application-gateway show', gateway)} {query}",) if gateway else ()
    return Refusal(kind=RefusalKind.CONFLICT, sentence=sentence, remedy=remedy)


def _az(command: str, gateway: GatewayId) -> str:
    """An `az` command about one gateway, with quoted names."""
    group, name = (
        sh_word(gateway.group, "RESOURCE_GROUP"),
        sh_word(gateway.name, "GATEWAY_NAME"),
    )
    return f"az network {command} -g {group} -n {name}"


def throttled(what: str, retry_after: float | None) -> Refusal:
    """ARM's request quota is used up (azure-rules section 4.6: backend health is a write)."""
    when = f"in {counted(ceil(retry_after), 'second')}" if retry_after else "later"
    sentence = (
        f"Azure limits the bot's requests and does not return {what} now; check again {when}."
    )
    return Refusal(kind=RefusalKind.THROTTLED, sentence=sentence, retry_after=retry_after)


def timed_out(what: str, seconds: float) -> Refusal:
    """The time budget ended before ARM answered."""
    sentence = f"Azure did not return {what} within {counted(seconds, 'second')}."
    return Refusal(
        kind=RefusalKind.TIMED_OUT,
        sentence=sentence,
        remedy=("Check again; backend health can take a minute.",),
    )


def unavailable(what: str, reason: str) -> Refusal:
    """ARM cannot be reached, or it failed."""
    sentence = f"Azure Resource Manager did not return {what}: {reason}."
    remedy = (
        (
            "Check the network path from the bot to its ARM endpoint, in the public cloud "
            "https://management.azure.com:"
        ),
        "firewall, proxy, DNS; APPGW_CA_BUNDLE for a private CA.",
        "Azure's own state: https://status.azure.com",
    )
    return Refusal(kind=RefusalKind.UNAVAILABLE, sentence=sentence, remedy=remedy)


def malformed(what: str) -> Refusal:
    """The answer is not one of ARM's; a proxy in between may have sent it."""
    sentence = f"What came in place of {what} is no answer of Azure's."
    remedy = (
        (
            "If there is a proxy between the bot and Azure, check what it answers; otherwise "
            "report this as a bug."
        ),
    )
    return Refusal(kind=RefusalKind.MALFORMED, sentence=sentence, remedy=remedy)
