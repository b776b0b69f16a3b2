"""The modals `Check a backend` and `Rehearse a chain`, and the modal shown while one is loading.

The block IDs are the names by which `bot.slack` reads the answers.
"""

from __future__ import annotations

import json

from bot.cards.escaping import clean
from bot.cards.parts import Block

CHECK_MODAL, REHEARSE_MODAL = "check_form", "rehearse_form"
PASTE_LIMIT = 3000
_METADATA_LIMIT = 3000


def check_modal(*, target: str = "", options: str = "", channel: str | None = None) -> Block:
    """The modal that asks for a backend.

    `channel` is where the card is posted; the modal asks for it if it is unknown.
    """
    fields = [
        _text("target", "Backend", target, placeholder="backend.contoso.com:8443", focus=True),
        _text(
            "options",
            "Options",
            options,
            placeholder="sni=api.contoso.com path=/health",
            optional=True,
        ),
    ]
    return _view(
        CHECK_MODAL, "Check a backend", "Check", [*fields, *_destination(channel)], channel
    )


def rehearse_modal(
    *, name: str = "", channel: str | None = None, takes_files: bool = True
) -> Block:
    """The modal that asks for a chain which is not installed yet.

    The chain is pasted or, if the bot has the scope `files:read`, given as a file. Slack refuses a
    modal with a file input from an app without that scope.
    """
    fields = [
        _text(
            "chain",
            "Chain (PEM), the server's certificate first",
            "",
            placeholder="-----BEGIN CERTIFICATE-----",
            rows=True,
            optional=True,
        ),
        _text(
            "chain_more",
            "Chain, continued",
            "",
            placeholder="at most 3,000 characters",
            rows=True,
            optional=True,
        ),
        *([_file()] if takes_files else []),
        _text(
            "name",
            "Host name that must match",
            name,
            placeholder="backend.contoso.com",
            optional=True,
        ),
        _text(
            "root",
            "Trusted root of the gateway (PEM)",
            "",
            placeholder="empty: the well-known public CAs",
            rows=True,
            optional=True,
        ),
    ]
    return _view(
        REHEARSE_MODAL, "Rehearse a chain", "Judge it", [*fields, *_destination(channel)], channel
    )


def _view(
    callback: str, title: str, submit: str, blocks: list[Block], channel: str | None
) -> Block:
    metadata = json.dumps({"channel": channel} if channel else {})
    assert len(metadata) < _METADATA_LIMIT
    words = {"title": _plain(title), "submit": _plain(submit), "close": _plain("Cancel")}
    return {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": metadata,
        "blocks": blocks,
        **words,
    }


def _text(
    name: str,
    label: str,
    value: str,
    *,
    placeholder: str,
    rows: bool = False,
    optional: bool = False,
    focus: bool = False,
) -> Block:
    element = {
        "type": "plain_text_input",
        "action_id": name,
        "multiline": rows,
        "max_length": PASTE_LIMIT,
        "placeholder": _plain(placeholder),
    }
    prefilled = {"initial_value": clean(value, PASTE_LIMIT)} if value else {}
    focused = {"focus_on_load": True} if focus else {}
    return {
        "type": "input",
        "block_id": name,
        "label": _plain(label),
        "optional": optional,
        "element": element | prefilled | focused,
    }


def _file() -> Block:
    element = {
        "type": "file_input",
        "action_id": "file",
        "filetypes": ["pem", "crt", "cer", "p7b", "txt"],
        "max_files": 1,
    }
    return {
        "type": "input",
        "block_id": "file",
        "label": _plain("Or a file"),
        "optional": True,
        "element": element,
    }


def _destination(channel: str | None) -> list[Block]:
    if channel:
        return []
    element = {
        "type": "conversations_select",
        "action_id": "channel",
        "default_to_current_conversation": True,
        "response_url_enabled": True,
    }
    return [
        {
            "type": "input",
            "block_id": "channel",
            "label": _plain("Post the answer in"),
            "element": element,
        }
    ]


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
