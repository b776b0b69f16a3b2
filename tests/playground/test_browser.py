"""The phone page in a real browser: the story, scrolling, keyboard, both colour schemes.

One Chromium and one playground with the real bot serve all tests; skipped where Chromium, Node or
what npm fetches is absent.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from playground.clock import MovableClock
from playground.lab.catalogue import CATALOGUE
from playground.phone.build import WEB, CannotBuild, build
from playground.phone.server import PhoneServer
from playground.phone.story import CHANNEL
from playground.pictures import card, names
from playground.process import BotProcess
from playground.stage import Stage
from tests.support.warm import warm

playwright = pytest.importorskip("playwright.async_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("Chromium is not installed", allow_module_level=True)
pytestmark = [
    pytest.mark.may_block,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]
PATIENCE_MS = 60_000
# Only this machine is ever asked, whatever a page or the browser itself would like to load.
FLAGS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => one.id + ": " + one.nodes.map((node) => node.target.join(" ")).join(", "));
}"""
SIDEWAYS = """() => [document.documentElement, ...document.querySelectorAll(".posts,aside,.sheet")]
  .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.className || one.tagName)"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def playing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Stage, str]]:
    """The playground with a few servers: the stage and where its page is."""
    try:
        files = await asyncio.to_thread(build)
    except CannotBuild as missing:
        pytest.skip(str(missing))
    folder: Path = tmp_path_factory.mktemp("playground")
    clock = MovableClock(folder / "clock")
    clocked = await asyncio.to_thread(warm, "playground.clocked:main", str(clock.file))
    async with (
        Stage(folder, recipes=CATALOGUE[:3], clock=clock) as stage,
        BotProcess(stage.environment(), folder, clocked) as bot,
        PhoneServer(stage, files, 0, clock) as server,
    ):
        stage.slack.request_url = bot.request_url
        yield stage, server.url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Any]:
    """Debian's Chromium."""
    async with playwright.async_playwright() as driver:
        running = await driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield running
        await running.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def window(browser: Any) -> AsyncIterator[tuple[Any, list[str]]]:  # noqa: ANN401 -- Playwright may be absent
    """One page for all tests, because opening one takes longer than they do, and its errors."""
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    opened = await context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield opened, errors
    await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(
    window: tuple[Any, list[str]],
    playing: tuple[Stage, str],
) -> AsyncIterator[Any]:
    """The page loaded anew, on a phone in the light; an error in its console fails the test."""
    opened, errors = window
    errors.clear()
    await widen(opened, 390)
    await opened.emulate_media(color_scheme="light")
    await opened.goto(playing[1])
    await opened.get_by_label("messages").wait_for()
    yield opened
    assert errors == []


async def widen(page: Any, width: int) -> None:  # noqa: ANN401 -- Playwright may be absent
    """The window of a phone or of a desk."""
    await page.set_viewport_size({"width": width, "height": 844})


async def say(page: Any, text: str) -> None:  # noqa: ANN401 -- Playwright may be absent
    """Type a line and send it."""
    await page.get_by_placeholder("/appgw-check backend.contoso.com").fill(text)
    await page.get_by_role("button", name="Send", exact=True).click()


async def test_story_goes_from_alert_to_digest(page: Any) -> None:  # noqa: ANN401 -- Playwright may be absent
    story = page.get_by_role("group", name="story")
    tap = story.get_by_role("button")
    for number, title in enumerate(
        ("Alert", "Diagnosis", "Fix steps", "Install", "Green", "Next morning"), 1
    ):
        await tap.click()
        await story.get_by_text(f"{number} of 6: {title}.").wait_for()
        assert await page.evaluate(SIDEWAYS) == []
        if title == "Fix steps":
            await page.get_by_role("dialog", name="Fix steps").wait_for()
        if title == "Install":
            await page.get_by_role("button", name="Install on leaf-only").first.wait_for()
    await page.get_by_text("Digest:").first.wait_for()


async def test_page_fits_and_is_accessible(page: Any) -> None:  # noqa: ANN401 -- Playwright may be absent
    await say(page, "/appgw-check help")
    await page.get_by_role("log").get_by_text("subscribe").first.wait_for()
    await page.add_script_tag(path=AXE)
    found = {}
    for width, scheme in product((390, 1280), ("light", "dark")):
        await widen(page, width)
        await page.emulate_media(color_scheme=scheme)
        found[width, scheme] = (await page.evaluate(SIDEWAYS), await page.evaluate(SERIOUS))
    assert found == dict.fromkeys(found, ([], []))


async def test_switch_heals_a_server_and_breaks_it(page: Any, playing: tuple[Stage, str]) -> None:  # noqa: ANN401 -- Playwright may be absent
    stage = playing[0]
    await widen(page, 1280)
    switch = page.get_by_role("switch", name="missing-lower healed")
    target = f"127.0.0.1:{stage.lab['missing-lower'].port}"
    shown = f"127.0.0.1 port {stage.lab['missing-lower'].port}"
    for turn, words in (("true", f"OK {shown}"), ("false", f"FAIL {shown}")):
        await switch.click()
        turned = f"[role=switch][aria-label='missing-lower healed'][aria-checked={turn}]"
        await page.locator(turned).wait_for()
        if turn == "true":
            await say(page, f"/appgw-check {target}")
        else:
            await page.get_by_role("button", name="Check again").last.click()
        await stage.slack.until(
            lambda words=words: [
                one for one in stage.slack.messages(CHANNEL) if one.text.startswith(words)
            ]
        )
        assert await switch.get_attribute("aria-checked") == turn


async def test_own_message_is_scrolled_to(page: Any, playing: tuple[Stage, str]) -> None:  # noqa: ANN401 -- Playwright may be absent
    for number in range(30):
        playing[0].slack.say(f"chatter {number}")
    await page.get_by_text("chatter 29").wait_for()
    await page.get_by_role("log").evaluate("(list) => { list.scrollTop = 0; }")
    await say(page, "good evening everybody")
    at_the_end = (
        "() => { const list = document.querySelector('.posts');"
        " return list.textContent.includes('good evening everybody')"
        " && list.scrollHeight - list.scrollTop - list.clientHeight < 80; }"
    )
    # Asked once more, it could find the list between its next post and the scrolling to it.
    assert await page.wait_for_function(at_the_end)


async def test_form_takes_the_focus_and_closes_with_escape(page: Any) -> None:  # noqa: ANN401 -- Playwright may be absent
    opener = page.get_by_role("button", name="Check a backend")
    await opener.focus()
    await page.keyboard.press("Enter")
    form = page.get_by_role("dialog")
    await form.wait_for()
    for _ in range(40):
        await page.keyboard.press("Tab")
    assert await form.evaluate("(sheet) => sheet.contains(document.activeElement)")
    await page.add_script_tag(path=AXE)
    assert await page.evaluate(SERIOUS) == []
    await page.keyboard.press("Escape")
    await form.wait_for(state="detached")
    assert await opener.evaluate("(button) => button === document.activeElement")


async def test_every_stored_card_fits_the_phone(browser: Any, playing: tuple[Stage, str]) -> None:  # noqa: ANN401, ARG001 -- Playwright may be absent; the page must have been built
    opened = await browser.new_page(viewport={"width": 390, "height": 844})
    await opened.goto((WEB / "gallery.html").as_uri())
    shown = "([card, key]) => window.show(card, key)"
    wide = {n: (await opened.evaluate(shown, [card(n), n]))["sidewaysPx"] for n in names()}
    assert {name: pixels for name, pixels in wide.items() if pixels} == {}
    await opened.close()
