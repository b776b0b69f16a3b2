"""Secrets in text, which are never repeated to users, stored or logged.

The parser of commands, the answers and the log use this one list. `chainlib.holds_private_key`
finds private keys; the patterns here find everything else. Every pattern is bounded, so the time
grows linearly with hostile text.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from chainlib import holds_private_key

REDACTED: Final = "[struck out]"
_SHORTEST_KEY = 24
_LONGEST_WORD = 19  # the shortest secret of letters and digits alone is AKIA with 16 more
_BEGINS = r"(?=[a-z0-9_-])"  # every name below does; signs are passed over in half the time
_KEYED = (
    r"(?:api|account|access|subscription|functions|storage|master)[_-]?key"
    r"|(?:client|signing|app)?[_-]?secret|(?:access|refresh|id|sas|auth|bot|app)?[_-]?token|ticket"
)
_NAMES = (
    r"[a-z0-9]{0,16}pass(?:word|wd|phrase)|pass|pwd|trigger[_-]?id|response[_-]?url"
    r"|(?:client|shared|signing|app)?[_-]?secret(?:[_-]?(?:key|value))?"
    r"|(?:api|account|access|shared[_-]?access|master|storage|subscription|functions|encryption)"
    r"[_-]?key"
    r"|shared[_-]?access[_-]?signature|sig(?:nature)?|x-amz-signature|assertion|credentials?"
    r"|(?:access|refresh|id|sas|auth|bot|app|bearer|session|security)?[_-]?token"
)
_VALUE = r"(?:\"[^\"\r\n]{0,2000}\"?|'[^'\r\n]{0,2000}'?|[^\s\"'<>&;,(){}\[\]][^\s\"'<>&;]{0,2000})"
_SECRETS = (
    # Slack: tokens, response URLs, webhooks, socket tickets, trigger ids
    r"\bx(?:ox[a-z]|app|oxe\.xox[a-z])-[\w.%-]+"
    r"|https?://[^\s\"'<>]{0,200}"
    r"(?:hooks\.slack\.com|/response/|/commands/|/actions/|/link/\?ticket=)[^\s\"'<>]*"
    r"|wss?://[^\s\"'<>]+"
    r"|\b\d{9,20}\.\d{9,20}\.[0-9a-f]{16,}\b"
    r"|\bhooks\.slack(?:-gov)?\.com\\?/[^\s\"'<>]{1,2000}"
    r"|\bv0=[0-9a-f]{16,}"
    # PEM blocks of every kind. A certificate is no secret, but no log needs it.
    r"|-----BEGIN [A-Z0-9 ]{1,64}-----.*?(?:-----END [A-Z0-9 ]{1,64}-----|\Z)"
    # Tokens: bearer and basic credentials, JSON Web Tokens, Entra's client secrets, storage keys
    r"|(?i:\bbearer)[\s:]+[\w.~+/-]+=*"
    r"|(?i:\b(?:proxy-)?authorization[\"'\\]{0,4}\s{0,3}[:=]\s{0,3}[\"'\\]{0,4}\w{1,20}\s{1,3})"
    r"[^\s\"'<>]{1,2000}"
    r"|(?i:\b(?:set-)?cookie\s{0,3}[:=]\s{0,3})[^\r\n\"']{1,2000}"
    r"|(?i:\bbasic)\s+[A-Za-z0-9+/_-]{8,}=*"
    r"|\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){1,4}"
    r"|[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{20,}"
    r"|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}=="
    r"|\b(?:gh[a-z]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|AKIA[0-9A-Z]{16}\b"
    r"|glpat-[\w-]{20,}|npm_[A-Za-z0-9]{30,}|sk-[A-Za-z0-9_-]{20,}|SG\.[\w-]{16,}\.[\w-]{16,})"
    # options and sentences of a command line
    r"|(?i:(?<!\S)--?(?:[a-z]{1,16}-)?(?:password|passwd|secret|token|(?:api|account)-key)[\s=]{1,3})"
    r"[^\s]{1,2000}"
    r"|(?<!\S)(?:-u\s{0,3}|--user[\s=]{1,3})[^\s:@/]{1,64}:[^\s]{1,200}"
    r"|(?i:\b(?:az|docker|podman)\s{1,3}login\b|\b(?:sshpass|mysql))[^\r\n]{0,200}?\s-p\s{0,3}[^\s]{1,2000}"
    r"|(?i:(?<!\S)-pass(?:in|out)?\s{1,3}(?:pass:)?|\bconvertto-securestring\s{1,3}(?:-string\s{1,3})?)[^\s]{1,2000}"
    r"|(?i:\bpass(?:word|phrase)\s{1,3}is\s{1,3})[^\s]{1,2000}"
    # user:password@ of any URL; of a database's, up to the last @
    r"|\b(?!(?:https?|wss?):)[a-z][a-z0-9+.-]{1,20}://[^\s:/@\"'<>]{0,200}:[^\s\"'<>]{0,2000}(?=@)"
    r"|(?<=://)[^/\s:@\"'<>]{0,200}:[^/\s\"'<>]{0,2000}(?=@)"
    # name=value of connection strings, query strings, settings; encoded once or in quotes
    rf"|(?i:(?:(?<![a-z0-9])|(?<=%[0-9a-f][0-9a-f])){_BEGINS}(?:{_NAMES})(?:[\"'\\]{{0,4}}\s{{0,3}}=|%3d|[\"'\\]{{1,4}}\s{{0,3}}:)\s{{0,3}}{_VALUE})"
    rf"|(?i:(?<![a-z0-9])(?:password|passwd|passphrase|pwd|client[_-]?secret|account[_-]?key)\s{{0,3}}:\s{{0,3}}{_VALUE})"
    # the same with a colon, where the value is no word: long, and with a digit in it
    rf"|(?i:(?<![a-z0-9]){_BEGINS}(?:{_KEYED})\s{{0,3}}[:=]\s{{0,3}}(?=[^\s\d]{{0,60}}\d)[^\s\"'<>&;]{{16,2000}})"
    # Azure subscription ids
    r"|(?i:(?<=/subscriptions/)[0-9a-f-]{36})"
)
_SECRET_KEYS = (
    "responseurl",
    "responseurls",
    "triggerid",
    "token",
    "authorization",
    "signature",
    "secret",
    "password",
    "passphrase",
    "cookie",
    "assertion",
    "accountkey",
    "accesskey",
    "apikey",
    "privatekey",
    "connectionstring",
)


def without_secrets(text: str) -> str:
    """Replace every secret in the text; all of the text if it contains a private key.

    No pattern matches a single short word; ids and words are most of what a log record holds, and
    the patterns take 6 us for each.
    """
    if len(text) <= _LONGEST_WORD and text.isalnum():
        return text
    if len(text) >= _SHORTEST_KEY and holds_private_key(text):
        return REDACTED
    return _secrets().sub(REDACTED, text)


@cache  # a hundredth of the time of `appgw check`, which seldom repeats what was typed
def _secrets() -> re.Pattern[str]:
    return re.compile(_SECRETS, re.DOTALL)


def is_secret_key(key: str) -> bool:
    """Whether the values of a field with this name are always secret."""
    return key.lower().replace("-", "").replace("_", "").endswith(_SECRET_KEYS)
