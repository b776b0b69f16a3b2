"""Turns what a user typed into a modal into the `state.values` that Slack sends. Pure."""

from __future__ import annotations

from typing import Any

from playground.slack.state import Json

_VALUE_KEYS = {
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "static_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "file_input": ("files", "initial_files"),
}


def fill(blocks: Any, typed: Json) -> Json:
    """The values of a modal.

    `typed` is keyed by label, block ID or action ID; other fields keep their initial value.

    Raises:
        LookupError: `typed` names a missing field, or a required field is empty.
    """
    values: Json = {}
    left = dict(typed)
    for block in blocks:
        if block.get("type") != "input":
            continue
        element = block["element"]
        names = (block["label"]["text"], block["block_id"], element["action_id"])
        given = next((left.pop(name) for name in names if name in left), None)
        value = _value(element, given)
        if not value and not block.get("optional"):
            raise LookupError(f"{names[0]!r} must be filled in")
        key = _VALUE_KEYS.get(element["type"], ("value", ""))[0]
        values[block["block_id"]] = {element["action_id"]: {"type": element["type"], key: value}}
    if left:
        raise LookupError(f"the form has no field {', '.join(left)}")
    return values


def _value(element: Json, given: Any) -> Any:
    initial = _VALUE_KEYS.get(element["type"], ("", "initial_value"))[1]
    if given is None:
        return element.get(initial)
    if "options" not in element:
        return given
    if isinstance(given, list):
        return [_option(element, one) for one in given]
    return _option(element, given)


def _option(element: Json, wanted: Any) -> Json:
    for option in element["options"]:
        if wanted in {option["text"]["text"], option.get("value")}:
            return dict(option)
    raise LookupError(f"no entry {wanted!r}")
