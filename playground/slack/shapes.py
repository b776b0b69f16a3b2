"""The structure of every Block Kit object that the bot may send: required, optional and child keys.

Taken from the types that Slack publishes (`@slack/types` 3.2.0) for the old blocks; the blocks of
2025 and later are only known by name. An entry is `type: (required keys, optional keys)`;
`CHILDREN` says what a key may contain.
"""

from __future__ import annotations

from typing import Final

_ACTION: Final = frozenset({"action_id", "confirm", "focus_on_load"})
_TYPED: Final = frozenset(
    {"action_id", "placeholder", "initial_value", "focus_on_load", "dispatch_action_config"}
)
_SELECT: Final = _ACTION | {"placeholder"}
_MULTI: Final = _SELECT | {"max_selected_items"}


def _keys(*words: str) -> frozenset[str]:
    return frozenset(" ".join(words).split())


SHAPES: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    "section": (_keys(""), _keys("block_id text fields accessory expand")),
    "header": (_keys("text"), _keys("block_id")),
    "context": (_keys("elements"), _keys("block_id")),
    "actions": (_keys("elements"), _keys("block_id")),
    "divider": (_keys(""), _keys("block_id")),
    "input": (_keys("label element"), _keys("block_id hint optional dispatch_action")),
    "image": (_keys("alt_text"), _keys("block_id image_url slack_file title")),
    "rich_text": (_keys("elements"), _keys("block_id")),
    "rich_text_section": (_keys("elements"), _keys("")),
    "rich_text_list": (_keys("elements style"), _keys("border indent")),
    "rich_text_quote": (_keys("elements"), _keys("border")),
    "rich_text_preformatted": (_keys("elements"), _keys("border")),
    "plain_text": (_keys("text"), _keys("emoji")),
    "mrkdwn": (_keys("text"), _keys("verbatim")),
    "button": (_keys("text"), _keys("action_id confirm value url style accessibility_label")),
    "overflow": (_keys("options"), _keys("action_id confirm")),
    "static_select": (_keys(""), _SELECT | {"initial_option", "options", "option_groups"}),
    "multi_static_select": (_keys(""), _MULTI | {"initial_options", "options", "option_groups"}),
    "external_select": (_keys(""), _SELECT | {"initial_option", "min_query_length"}),
    "users_select": (_keys(""), _SELECT | {"initial_user"}),
    "channels_select": (_keys(""), _SELECT | {"initial_channel", "response_url_enabled"}),
    "conversations_select": (
        _keys(""),
        _SELECT
        | {
            "initial_conversation",
            "default_to_current_conversation",
            "filter",
            "response_url_enabled",
        },
    ),
    "checkboxes": (_keys("options"), _ACTION | {"initial_options"}),
    "radio_buttons": (_keys("options"), _ACTION | {"initial_option"}),
    "datepicker": (_keys(""), _SELECT | {"initial_date"}),
    "timepicker": (_keys(""), _SELECT | {"initial_time", "timezone"}),
    "plain_text_input": (_keys(""), _TYPED | {"multiline", "min_length", "max_length"}),
    "url_text_input": (_keys(""), _TYPED),
    "email_text_input": (_keys(""), _TYPED),
    "number_input": (_keys("is_decimal_allowed"), _TYPED | {"min_value", "max_value"}),
    "file_input": (_keys(""), _keys("action_id filetypes max_files")),
    "text": (_keys("text"), _keys("style")),
    "link": (_keys("url"), _keys("text style unsafe")),
    "emoji": (_keys("name"), _keys("style unicode url")),
    "date": (_keys("timestamp format"), _keys("style url fallback")),
    "user": (_keys("user_id"), _keys("style")),
    "channel": (_keys("channel_id"), _keys("style")),
    "usergroup": (_keys("usergroup_id"), _keys("style")),
    "broadcast": (_keys("range"), _keys("style")),
    "color": (_keys("value"), _keys("style")),
    "home": (_keys("blocks"), _keys("private_metadata callback_id external_id")),
    "modal": (
        _keys("blocks title"),
        _keys(
            "private_metadata callback_id external_id close submit clear_on_close notify_on_close"
        ),
    ),
}

# Objects without a type: (required, optional), by the key that contains them.
UNTYPED: Final = {
    "confirm": (_keys("text"), _keys("title confirm deny style")),
    "option": (_keys("text"), _keys("value description url")),
    "group": (_keys("label options"), _keys("")),
    "style": (_keys(""), _keys("bold italic strike code underline")),
}

_TEXTS: Final = _keys("plain_text mrkdwn")
_PLAIN: Final = _keys("plain_text")
_SELECTS: Final = _keys(
    "static_select external_select users_select channels_select conversations_select "
    "multi_static_select"
)
_CONTROLS: Final = (
    _keys("button overflow checkboxes radio_buttons datepicker timepicker") | _SELECTS
)
_INPUTS: Final = _keys(
    "plain_text_input url_text_input email_text_input number_input file_input"
) | _CONTROLS - {"button", "overflow"}
_INLINE: Final = _keys("text link emoji date user channel usergroup broadcast color")
_CODE: Final = _keys("text link")

# (type, key) -> the permitted types, alone or in a list.
CHILDREN: Final[dict[tuple[str, str], frozenset[str]]] = {
    ("section", "text"): _TEXTS,
    ("section", "fields"): _TEXTS,
    ("section", "accessory"): _CONTROLS | {"image"},
    ("header", "text"): _PLAIN,
    ("context", "elements"): _TEXTS | {"image"},
    ("actions", "elements"): _CONTROLS,
    ("input", "label"): _PLAIN,
    ("input", "hint"): _PLAIN,
    ("input", "element"): _INPUTS,
    ("button", "text"): _PLAIN,
    ("image", "title"): _PLAIN,
    ("rich_text", "elements"): _keys(
        "rich_text_section rich_text_list rich_text_quote rich_text_preformatted"
    ),
    ("rich_text_section", "elements"): _INLINE,
    ("rich_text_quote", "elements"): _INLINE,
    ("rich_text_preformatted", "elements"): _CODE,
    ("rich_text_list", "elements"): _keys("rich_text_section"),
    ("modal", "title"): _PLAIN,
    ("modal", "submit"): _PLAIN,
    ("modal", "close"): _PLAIN,
    ("confirm", "title"): _PLAIN,
    ("confirm", "text"): _TEXTS,
    ("confirm", "confirm"): _PLAIN,
    ("confirm", "deny"): _PLAIN,
    ("option", "text"): _TEXTS,
    ("option", "description"): _TEXTS,
    ("group", "label"): _PLAIN,
}

_COMMON: Final = _keys("actions card context divider header image input rich_text section video")
SURFACES: Final = {
    "modal": _COMMON | {"alert"},
    "home": _COMMON | _keys("carousel container data_table data_visualization table"),
    "message": _COMMON
    | _keys(
        "carousel container context_actions data_table data_visualization file markdown plan "
        "table task_card"
    ),
}
NEW_BLOCKS: Final = _keys(
    "card video alert carousel container data_table data_visualization table context_actions "
    "file markdown plan task_card"
)
