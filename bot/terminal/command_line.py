"""Reads the words of a command with `argparse`, and describes commands in help texts.

Only the command that is asked for gets a parser, and only a help text asks for the terminal's
width, so that a check starts fast.
"""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

_WIDEST, _NARROWEST, _MARGIN, _INDENT = 80, 20, 2, 24
_HELP = "Show this message and exit."
_EXAMPLES = {
    "check": "check backend.contoso.com",
    "rehearse": "rehearse fullchain.pem",
    "health": "health gw:prod-gw",
    "observe": "observe gw:prod-gw",
    "forecast": "forecast gw:prod-gw",
}


class Argument(NamedTuple):  # a dataclass would import chainlib before it is needed
    """An argument of a command, or an option if its name begins with `--`.

    Attributes:
        name: the argument's name, or the option as it is typed.
        help: one sentence for the help text.
        value: what the option takes, for the help text; empty for a switch.
        kind: reads the value.
        default: the value if it is not given.
        required: whether the argument must be given.
        repeated: whether the option may be given more than once.
    """

    name: str
    help: str
    value: str = ""
    kind: Callable[[str], object] = str
    default: object = None
    required: bool = True
    repeated: bool = False

    @property
    def is_option(self) -> bool:
        """Whether it is an option."""
        return self.name.startswith("-")


class Command(NamedTuple):
    """A command of the program.

    Attributes:
        run: does it and returns the exit status; its docstring is the help text.
        takes: its arguments and options, in the order of the help text.
    """

    run: Callable[[Namespace], int]
    takes: tuple[Argument, ...] = ()

    @property
    def summary(self) -> str:
        """The first sentence of its help text."""
        return (self.run.__doc__ or "").partition("\n")[0]


class CommandLineError(Exception):
    """A wrong command line, as one sentence with an example."""

    def __init__(self, said: str, command: str = "") -> None:
        example = _EXAMPLES.get(command, _EXAMPLES["check"])
        joint = " Write" if said.endswith("?") else "; write"
        super().__init__(f"{said}{joint} for example: appgw {example}, or see appgw --help")


def read(name: str, command: Command, words: Sequence[str]) -> Namespace | str:
    """The values of a command's arguments, or its help text if the words ask for it.

    Raises:
        CommandLineError: the words are no line of this command.
    """
    parser = _parser(name, command)
    # argparse would drop the value "--" and leave the option an empty list.
    if dropped := [word for word in words if word.startswith("--") and word.endswith("=--")]:
        raise CommandLineError(f"{dropped[0].removesuffix('=--')}: expected one argument", name)
    try:
        given, unknown = parser.parse_known_args(words)
    except argparse.ArgumentError as error:
        raise CommandLineError(f"{error.argument_name}: {error.message}", name) from None
    if given.help:
        return _help(parser, command)
    for word in unknown:
        if word.startswith("-"):
            known = [one.name for one in command.takes if one.is_option]
            raise CommandLineError(no_such("option", word, [*known, "--help"]), name)
        raise CommandLineError(f"Got unexpected extra argument ({word})", name)
    for one in command.takes:
        if one.required and not one.is_option and getattr(given, one.name) is None:
            raise CommandLineError(f"Missing argument '{one.name}'", name)
    return given


def _parser(name: str, command: Command) -> argparse.ArgumentParser:
    arguments = [
        one.name if one.required else f"[{one.name}]" for one in command.takes if not one.is_option
    ]
    parser = argparse.ArgumentParser(
        prog=f"appgw {name}",
        usage=" ".join(["appgw", name, "[options]", *arguments]),
        add_help=False,
        allow_abbrev=False,
        exit_on_error=False,
        # With a given width, argparse does not ask for the size of the terminal for every option.
        formatter_class=partial(argparse.RawDescriptionHelpFormatter, width=_WIDEST),
    )
    for one in command.takes:
        if not one.is_option:
            parser.add_argument(one.name, nargs="?", type=one.kind, help=one.help)
        elif not one.value:
            parser.add_argument(one.name, action="store_true", help=one.help)
        else:
            parser.add_argument(
                one.name,
                action="append" if one.repeated else "store",
                type=one.kind,
                default=one.default,
                metavar=one.value,
                help=one.help,
            )
    parser.add_argument("--help", action="store_true", help=_HELP)
    return parser


def _help(parser: argparse.ArgumentParser, command: Command) -> str:
    parser.description = _wrapped(command.run.__doc__ or "")
    parser.formatter_class = partial(
        argparse.RawDescriptionHelpFormatter, width=_width(), max_help_position=_INDENT
    )
    return parser.format_help()


def overview(name: str, about: str, commands: Mapping[str, str], *, version: bool = False) -> str:
    """The help text of the program or of a group: its commands with a sentence about each."""
    options = {"--version": "Print the version."} if version else {}
    parts = (
        f"usage: {name} [options] command ...",
        _wrapped(about),
        f"options:\n{_listed(options | {'--help': _HELP})}",
        f"commands:\n{_listed(commands)}",
    )
    return "\n\n".join(parts) + "\n"


def _listed(entries: Mapping[str, str]) -> str:
    width = max(map(len, entries)) + 2
    return "\n".join(
        _wrapped(said, first=f"  {entry:{width}}", rest=" " * (width + 2))
        for entry, said in entries.items()
    )


def no_such(what: str, word: str, known: Sequence[str]) -> str:
    """That there is no such command or option, and which ones resemble it."""
    from difflib import get_close_matches  # noqa: PLC0415 -- for a wrong command line alone

    near = get_close_matches(word, known)
    return f"No such {what}: {word}" + (f". Did you mean {', '.join(near)}?" if near else "")


def _wrapped(text: str, first: str = "", rest: str = "") -> str:
    """The paragraphs of a docstring, as wide as the terminal."""
    from textwrap import fill  # noqa: PLC0415 -- for help texts alone

    paragraphs = [" ".join(one.split()) for one in text.split("\n\n")]
    return "\n\n".join(
        fill(one, _width(), initial_indent=first, subsequent_indent=rest) for one in paragraphs
    )


def _width() -> int:
    from shutil import get_terminal_size  # noqa: PLC0415 -- for help texts alone

    return max(_NARROWEST, min(_WIDEST, get_terminal_size().columns)) - _MARGIN
