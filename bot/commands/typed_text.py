"""Undoes what phones and Slack change in typed text, and splits it into words. Pure.

These are unusual spaces and dashes, curly quotes, links, formatting and punctuation. Other modules
find the meaning of a word. Every step passes once over the text.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata

from bot.commands.host_spelling import a_label
from bot.commands.usage import TargetError, UnreadableLine, shown
from chainlib import holds_private_key
from chainlib.frozen import dataclass

MAX_LINE = 2000
_MAX_SEARCHED = 40_000
_LONG_DASHES = "\u2012\u2013\u2014\u2015\u2e3a\u2e3b\ufe58"
_HYPHENS = "\u2010\u2011\u2212\ufe63\uff0d"
_SINGLE_QUOTES = "\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u00b4"
_DOUBLE_QUOTES = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"
_SPELLINGS = str.maketrans(
    dict.fromkeys(_HYPHENS, "-")
    | dict.fromkeys(_SINGLE_QUOTES, "'")
    | dict.fromkeys(_DOUBLE_QUOTES, '"')
    | dict.fromkeys(_LONG_DASHES, "--")
)
ZERO_WIDTH = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff"))
"""Characters without width that programs leave in names, for `str.translate`: they are dropped."""
CONTROLS = re.compile(
    "[\u0600-\u0605\u061c\u06dd\u070f\u08e2\u200e\u200f\u202a-\u202e\u2066-\u206f\ufff9-\ufffb"
    "\U000e0001\U000e0020-\U000e007f]+"
)
"""Invisible characters that control the direction or format of text (category Cf).

One of them can make a name read as another, so a name with one inside is none."""
_UNSPACED = (
    r"[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff"
    r"\uac00-\ud7af\uf900-\ufaff\uff00-\uff65]"
)
SCRIPT_CHANGE = re.compile(rf"(?<={_UNSPACED})(?=[A-Za-z0-9\[])|(?<=[A-Za-z0-9\]/])(?={_UNSPACED})")
"""Where a name touches a word of a script that is written without spaces, or with suffixes."""
_SPACES = {"Zs", "Zl", "Zp", "Cc"}
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800\u034f\u180e"
_SURROGATE = "Cs"
_WORD = re.compile(r"(?:<[^<>]*>|[^\s<]|<)+")
_LINK = re.compile(r"<([^<>]*)>")
_HEAD = re.compile(r"(?:<[@!][^<>]*>|[@/]?appgw(?:-check)?)[,:]?|[-\u2022]+", re.IGNORECASE)
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_QUOTES = "\"'`"
_EMPHASIS = "*_~"
_OPENING = _QUOTES + _EMPHASIS + "(<{"
_PUNCTUATION = ".,;!?\u2026"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word of a line.

    Attributes:
        text: as typed, with links replaced by their labels.
        problem: why the word cannot be used as a target or value: its link goes elsewhere than its
            label says, or an invisible character changes how it reads. Otherwise empty.
    """

    text: str
    problem: str = ""

    @property
    def bare(self) -> str:
        """The word without formatting and punctuation.

        Raises:
            UnreadableLine: the word cannot be used; `problem` says why.
        """
        if self.problem:
            raise UnreadableLine(self.problem)
        return undecorated(self.text)


def readable(text: str) -> str:
    """The line with plain spaces and quotes and without characters of no width.

    A long dash becomes the two hyphens that were typed. Characters that control the direction or
    format of text stay, since a name with one in it is refused.

    Raises:
        UnreadableLine: the line is too long, or contains a private key, no part of which is
            repeated.
    """
    if holds_private_key(text[:_MAX_SEARCHED]):
        raise UnreadableLine(
            "That line holds a private key; treat it as disclosed and replace it, and paste a "
            "chain in the form, for example: rehearse."
        )
    if len(text) > MAX_LINE:
        raise UnreadableLine(
            f"That line has {len(text)} characters; a command has at most {MAX_LINE}, for "
            "example backend.contoso.com:8443."
        )
    kinds = (
        (character, unicodedata.category(character))
        for character in text.translate(ZERO_WIDTH)
        if character not in _BLANK_LETTERS
    )
    plain = "".join(
        " " if kind in _SPACES else character for character, kind in kinds if kind != _SURROGATE
    )
    return plain.translate(_SPELLINGS)


def split(text: str) -> tuple[Word, ...]:
    """The words of a line, without leading mentions, list marks and a pasted command name.

    Raises:
        UnreadableLine: the line is too long.
    """
    found = _WORD.findall(readable(text))
    while found and _HEAD.fullmatch(found[0]):
        del found[0]
    return tuple(
        word
        for word in map(_word, found)
        if word.problem or "::" in word.text or word.text.strip(_OPENING + _PUNCTUATION + ")>}:")
    )


def _word(raw: str) -> Word:
    problems = [problem for problem in map(_link_mismatch_of, _LINK.findall(raw)) if problem]
    text = _LINK.sub(lambda link: _label(link[1]), raw)
    if found := CONTROLS.search(text):
        text = CONTROLS.sub("", text)
        problems += [_controlled(found[0][0])] if text else []
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return Word(text=text, problem=problems[0] if problems else "")


def _controlled(character: str) -> str:
    return (
        f"The line has an invisible character (U+{ord(character):04X}) in it that can make a name "
        "read as another; delete it or type the name again, for example backend.contoso.com."
    )


def _label(link: str) -> str:
    """The visible text of a Slack link: its label, else its URL."""
    address, bar, label = link.partition("|")
    if address.startswith(("@", "#", "!")):
        return address[0] + (label or address[1:])
    return (label if bar else address).strip()


def _link_mismatch_of(link: str) -> str:
    """The sentence for a link whose label and URL name different hosts; empty if they agree."""
    address, bar, label = link.partition("|")
    if (
        not bar
        or not address.lower().startswith(("http://", "https://"))
        or _authority(address) == _authority(label)
    ):
        return ""
    return (
        f"The link shows {shown(label)} but leads to {shown(address)}; type the host itself, for "
        "example backend.contoso.com."
    )


def _authority(address: str) -> str:
    """The host for comparison: without scheme, user, port and path, as an A-label."""
    rest = re.sub(r"^[a-z]+://", "", undecorated(address.strip()).lower())
    host = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    host = (
        host[: host.index("]") + 1]
        if host.startswith("[") and "]" in host
        else re.sub(r":[0-9]*$", "", host)
    )
    try:
        return a_label(host.rstrip("."))
    except TargetError:
        return host


def undecorated(word: str) -> str:
    """A word without the quotes, emphasis, brackets and punctuation around it.

    An address such as `2001:db8::` keeps its colons.
    """
    start = word.lstrip(_OPENING)
    if start.startswith(".") and word != start:
        start = word[len(word) - len(start) - 1] + start
    emphasised = word[: len(word) - len(start)]
    if start.startswith("[") and ":" not in start:
        start = start[1:]
    while start and (kept := _shorter(start, emphasised)) != start:
        start = kept
    return start


def _shorter(word: str, opening: str) -> str:
    """The word without its last character if that is formatting, else the word itself."""
    last, rest = word[-1], word[:-1]
    drop = (
        last in _PUNCTUATION + _QUOTES + ">"
        or (
            last in _EMPHASIS
            and (last in opening or not re.search(r"/|^gw:|=", word, re.IGNORECASE))
        )
        or (last == ":" and word.lower() != "gw:" and not _is_ipv6(word))
        or (last in ")]}" and word.count("([{"[")]}".index(last)]) < word.count(last))
    )
    return rest if drop else word


def _is_ipv6(word: str) -> bool:
    try:
        ipaddress.IPv6Address(word)
    except ValueError:
        return False
    return True
