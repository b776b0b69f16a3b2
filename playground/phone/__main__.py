"""`make playground`: lab, Slack, ARM, the real bot and the phone page, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from playground.clock import MovableClock
from playground.clocked import program
from playground.phone.build import CannotBuild, build
from playground.phone.server import PhoneServer
from playground.process import BotFailed, BotProcess
from playground.stage import Stage

PORT = 8899


async def run(folder: Path, port: int, *, socket_mode: bool) -> None:
    """Keep everything running until it is cancelled."""
    print("== making the page (the first time npm fetches what draws Block Kit)", flush=True)
    files = await asyncio.to_thread(build)
    clock = MovableClock(folder / "clock")
    async with Stage(folder, clock=clock) as stage:
        print(
            (
                "== starting the bot: appgw serve on a clock that you can move, "
                f"{'Socket Mode' if socket_mode else 'HTTP mode'}"
            ),
            flush=True,
        )
        async with BotProcess(
            stage.environment(socket_mode=socket_mode), folder, program(clock)
        ) as bot:
            stage.slack.request_url = None if socket_mode else bot.request_url
            async with PhoneServer(stage, files, port, clock) as page:
                print(
                    (
                        f"== open {page.url} and type /appgw-check; the bot's log is {bot.log}; "
                        "Ctrl-C ends everything"
                    ),
                    flush=True,
                )
                await asyncio.Event().wait()


def main() -> int:
    """Run until Ctrl-C; one sentence when something is missing."""
    parser = argparse.ArgumentParser(prog="python -m playground.phone", description=__doc__)
    parser.add_argument(
        "--port",
        type=int,
        default=PORT,
        help=f"where the page is served on loopback; default {PORT}",
    )
    parser.add_argument(
        "--socket-mode",
        action="store_true",
        help="let the bot use Socket Mode instead of signed HTTP",
    )
    given = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="appgw-playground-") as folder:
            asyncio.run(run(Path(folder), given.port, socket_mode=given.socket_mode))
    except KeyboardInterrupt:
        print("\n== everything has been stopped")
    except (BotFailed, CannotBuild, OSError) as failure:
        print(f"== {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
