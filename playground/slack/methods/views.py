"""`views.*`: modals, opened with a trigger that lives three seconds, and App Home."""

from __future__ import annotations

from typing import Any

from playground.slack.limits import check_view
from playground.slack.methods.chat import with_ids
from playground.slack.registry import Call, Refused, method, refuse
from playground.slack.state import APP_ID, BOT_ID, TEAM_ID, Exchange, Json, OpenView, Workspace

TRIGGER_SECONDS = 3.0
MAX_STACK = 3


def stored_view(
    workspace: Workspace,
    view: Any,
    *,
    user: str,
    previous: OpenView | None = None,
    same: OpenView | None = None,
) -> OpenView:
    """A checked view with IDs, ready to be stored.

    `same` is replaced; `previous` stays below it.
    """
    refuse(check_view(view))
    filled = {**view, "blocks": list(with_ids(workspace, tuple(view["blocks"])))}
    identity = same.id if same else workspace.serial("V")
    kin = previous or same
    return OpenView(
        id=identity,
        user=user,
        view=filled,
        root_id=kin.root_id if kin else identity,
        hash=workspace.serial("h"),
        previous_id=previous.id if previous else same.previous_id if same else None,
    )


def describe(view: OpenView) -> Json:
    """A view as the Web API and the payloads show it."""
    shown = {
        "id": view.id,
        "team_id": TEAM_ID,
        "app_id": APP_ID,
        "bot_id": BOT_ID,
        "hash": view.hash,
        "root_view_id": view.root_id,
    }
    defaults: Json = {
        "callback_id": "",
        "private_metadata": "",
        "external_id": "",
        "state": {"values": {}},
        "previous_view_id": view.previous_id,
    }
    return {**defaults, **view.view, **shown}


def after_submission(workspace: Workspace, form: OpenView, body: Any) -> None:
    """Do with a submitted modal what the bot's acknowledgement says."""
    body = body if isinstance(body, dict) else {}
    action = body.get("response_action")
    if action == "errors":
        return
    try:
        _follow(workspace, form, action, body.get("view"))
    except Refused as refused:
        workspace.complaints.append(f"view_submission: {refused.error} {refused.more}")
    workspace.touch()


def _follow(workspace: Workspace, form: OpenView, action: str | None, view: Any) -> None:
    if action in {"update", "push"}:
        below = {"same": form} if action == "update" else {"previous": form}
        opened = stored_view(workspace, view, user=form.user, **below)
        workspace.views[opened.id] = opened
    elif action == "clear":
        workspace.views = {
            key: one for key, one in workspace.views.items() if one.root_id != form.root_id
        }
    else:
        workspace.views.pop(form.id, None)


def _exchange(call: Call) -> Exchange:
    trigger = call.workspace.triggers.get(call.need("trigger_id"))
    if trigger is None:
        raise Refused("invalid_trigger_id")
    if call.workspace.clock() - trigger.given_at > TRIGGER_SECONDS:
        raise Refused("expired_trigger_id")
    if trigger.uses:
        raise Refused("exchanged_trigger_id")
    return trigger


def _keep(workspace: Workspace, view: OpenView) -> Json:
    workspace.views[view.id] = view
    workspace.touch()
    return {"view": describe(view)}


def _without_files(call: Call, view: Any) -> None:
    """Refuse a file input without its scope (docs.slack.dev/reference/block-kit/block-elements)."""
    blocks = view.get("blocks", ()) if isinstance(view, dict) else ()
    kinds = {block.get("element", {}).get("type") for block in blocks if isinstance(block, dict)}
    if "file_input" in kinds and "files:read" not in call.scopes:
        raise Refused("missing_scope", needed="files:read", provided=",".join(sorted(call.scopes)))


@method("views.open")
def open_view(call: Call) -> Json:
    """Open a modal."""
    trigger = _exchange(call)
    _without_files(call, call.structure("view"))
    view = stored_view(call.workspace, call.structure("view"), user=trigger.user)
    trigger.uses += 1
    return _keep(call.workspace, view)


@method("views.push")
def push_view(call: Call) -> Json:
    """Put a modal on top of the one whose trigger this is."""
    trigger = _exchange(call)
    below = call.workspace.views.get(trigger.view_id or "")
    if below is None:
        raise Refused("invalid_trigger_id")
    if sum(view.root_id == below.root_id for view in call.workspace.views.values()) >= MAX_STACK:
        raise Refused("push_limit_reached")
    view = stored_view(call.workspace, call.structure("view"), user=trigger.user, previous=below)
    trigger.uses += 1
    return _keep(call.workspace, view)


@method("views.update")
def update_view(call: Call) -> Json:
    """Replace what an open modal shows, found by id or by external id."""
    external = call.text("external_id")
    views = call.workspace.views.values()
    found = call.workspace.views.get(call.text("view_id")) or next(
        (one for one in views if external and one.view.get("external_id") == external), None
    )
    if found is None:
        raise Refused("not_found")
    if call.text("hash", found.hash) != found.hash:
        raise Refused("hash_conflict")
    return _keep(
        call.workspace,
        stored_view(call.workspace, call.structure("view"), user=found.user, same=found),
    )


@method("views.publish")
def publish_view(call: Call) -> Json:
    """Show a user's App Home."""
    person = call.need("user_id")
    if person not in call.workspace.users:
        raise Refused("user_not_found")
    given = call.structure("view")
    if not isinstance(given, dict) or given.get("type") != "home":
        raise Refused(
            "invalid_arguments",
            response_metadata={
                "messages": ["[ERROR] must be a home view [json-pointer:/view/type]"]
            },
        )
    view = stored_view(call.workspace, given, user=person, same=call.workspace.homes.get(person))
    call.workspace.homes[person] = view
    call.workspace.touch()
    return {"view": describe(view)}
