"""Parses the words after `subscribe`, `unsubscribe` and `mute` into a `ScannedLine`.

Examples: `daily 08:30`, a number, `2h certificate swap`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from bot.commands import times
from bot.commands.options import KEYS
from bot.commands.scan import ScannedLine, scan, take_option
from bot.commands.target import looks_like_target, unexpected_word
from bot.commands.typed_text import Word
from bot.commands.usage import UnreadableLine
from bot.domain.request import Verb

_FILLERS = frozenset({"at", "on"})
_QUOTES = "\"'`"


def read_subscribe(words: Iterable[Word]) -> ScannedLine:
    """Parse `subscribe`: words for a schedule become `every`, `day` and `at`.

    Raises:
        UnreadableLine: something is given twice, invalid, or contradicts the rest.
    """
    line = scan(words, Verb.SUBSCRIBE)
    loose, line.loose[:] = list(line.loose), []
    for word in loose:
        key = _schedule_key(word)
        if key:
            line.put(key, word)
        elif word.lower() not in _FILLERS:
            line.loose.append(word)
    _check_schedule(line)
    return line


def _schedule_key(word: str) -> str | None:
    tests = (("every", times.is_every), ("at", times.is_clock), ("day", times.is_day))
    return next((key for key, holds in tests if holds(word)), None)


def _check_schedule(line: ScannedLine) -> None:
    every = str(line.options.get("every", ""))
    if "day" in line.options and every not in {"", "weekly"}:
        raise UnreadableLine(
            f"A day belongs to every=weekly, not to every={every}; write for example weekly "
            "mon 08:30."
        )
    if "at" in line.options and (every == "hourly" or times.seconds(every) is not None):
        raise UnreadableLine(
            f"A time of day belongs to daily, weekdays or weekly, not to every={every}; write "
            "for example daily 08:30."
        )


def read_unsubscribe(words: Iterable[Word]) -> ScannedLine:
    """Parse `unsubscribe`: a plain number becomes `number`.

    Raises:
        UnreadableLine: two numbers, or an invalid number.
    """
    line = scan(words, Verb.UNSUBSCRIBE)
    numbers = [word for word in line.loose if word.removeprefix("#").isdecimal()]
    line.loose[:] = [word for word in line.loose if word not in numbers]
    for digits in numbers:
        line.put("number", digits)
    return line


def read_mute(words: Iterable[Word]) -> ScannedLine:
    """Parse `mute`: a duration becomes `for`, days and times become `window`.

    The remaining words are the reason.

    Raises:
        UnreadableLine: an option is invalid, a word before the reason is unknown, or the mute has
            no end.
    """
    line, queue, reason = ScannedLine(), deque(words), list[str]()
    while queue:
        word = queue.popleft()
        if not reason and (window := _window(word, queue)):
            line.put("window", window)
            continue
        is_text = (bool(reason) and not _is_own_option(word)) or bool(word.problem)
        option = None if is_text else take_option(word, queue, Verb.MUTE)
        if option and option[0] == "reason":
            _begin(reason, option[1])
        elif option:
            line.put(option[0], _whole(option, queue))
        else:
            _loose_mute_word(line, queue, word, reason)
    _close_reason(line, reason)
    return line


def _window(word: Word, queue: deque[Word]) -> str | None:
    """Weekdays and a time span at the beginning of the words, `sat 22:00-23:30`.

    Removes those words from the queue.
    """
    said: list[str] = []
    for one in (word, *queue):
        said.append(one.text.strip(_QUOTES))
        if times.is_span(said[-1]):
            for _ in said[1:]:
                queue.popleft()
            return " ".join(said)
        if not times.days(said[-1]):
            break
    return None


def _whole(option: tuple[str, str], queue: deque[Word]) -> str:
    """An option's value; the value of `window=` continues with its time span."""
    key, text = option
    if key == "window" and not times.is_span(text) and queue:
        rest = (
            _window(queue.popleft(), queue)
            if times.days(queue[0].text)
            else queue.popleft().text.strip(_QUOTES)
        )
        return f"{text} {rest or ''}"
    return text


def _is_own_option(word: Word) -> bool:
    """In a reason, only the verb's own options count as options; anything else is text."""
    key = word.text.lower().lstrip("-").partition("=")
    return bool(key[1]) and key[0] in KEYS[Verb.MUTE]


def _begin(reason: list[str], text: str) -> None:
    if reason:
        raise UnreadableLine(
            "The reason is given twice; write it once, for example mute gw:prod-gw 2h "
            "certificate swap."
        )
    if not text:
        raise UnreadableLine(
            "reason= needs a value, for example mute gw:prod-gw for=2h reason=certificate swap."
        )
    reason.append(text)


def _loose_mute_word(line: ScannedLine, queue: deque[Word], word: Word, reason: list[str]) -> None:
    if reason:
        reason.append(word.text)
        return
    length = _length(word, queue)
    if length and "for" not in line.options:
        line.put("for", length)
    elif ("for" not in line.options or not line.loose) and looks_like_target(word.bare):
        line.loose.append(word.bare)
    elif not (word.text.lower() == "for" and queue and _begins_length(queue[0].text)):
        reason.append(word.text)


def _begins_length(text: str) -> bool:
    return text.isdecimal() or times.seconds(text) is not None


def _length(word: Word, queue: deque[Word]) -> str | None:
    """A duration at the beginning of the words, `2h` or `2 hours`.

    Removes the second word from the queue.
    """
    text = word.text.strip(_QUOTES)
    if text.isdecimal() and queue and times.seconds(text + queue[0].text) is not None:
        return text + queue.popleft().text
    return text if times.seconds(text) is not None else None


def _close_reason(line: ScannedLine, reason: list[str]) -> None:
    if not reason:
        return
    if not line.loose:
        raise unexpected_word(reason[0])
    if not line.options.keys() & {"for", "window"}:
        raise UnreadableLine(
            "A mute with a reason needs an end; write for example mute gw:prod-gw 2h "
            "certificate swap."
        )
    line.options["reason"] = " ".join(reason).strip(_QUOTES)
