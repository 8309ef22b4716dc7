"""Pictures of pages, the same bytes for the same page: a still browser, in UTC, secrets masked.

The band that says what kind of evidence a picture is stands in a margin above the page, so that
no page can cover it and it covers nothing of the page.
"""

from __future__ import annotations

import base64
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from evidence.errors import BrowserFailed
from evidence.inventory import write_file
from evidence.masking import masked_picture

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
# Chromium draws nothing beyond this many pixels of height.
TALLEST = 16_000

_FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--font-render-hinting=none",
    "--no-first-run",
)

ColourScheme = Literal["light", "dark"]


def screenshot(
    page: str | Path,
    to: Path,
    *,
    band: str = "",
    secrets: Mapping[str, str] | None = None,
    wait_for: str | None = None,
    width: int = 1440,
    height: int = 1000,
    full_page: bool = False,
    colour_scheme: ColourScheme = "light",
    timeout_seconds: float = 60,
) -> Path:
    """Take a picture of a page, a file or a URL, and write it to `to` as PNG; returns `to`.

    `band` is written above the page. Each value of `secrets`, by name, is replaced in the
    page by `<redacted:NAME>` first. `wait_for` is a CSS selector that has to be visible.
    `width` and `height` are in pixels; `full_page` takes the page's own height. Raises
    BrowserFailed when there is no browser, or no picture in time.
    """
    deadline = _Deadline(timeout_seconds)
    address = page.resolve().as_uri() if isinstance(page, Path) else page
    with _browser(deadline, address) as browser:
        context = _still_context(browser, width, height, colour_scheme)
        context.set_default_timeout(deadline.milliseconds)
        opened = context.new_page()
        answer = opened.goto(address, wait_until="load", timeout=deadline.milliseconds)
        if answer is not None and not answer.ok:
            raise BrowserFailed(f"{address} was not pictured: it answered {answer.status}.")
        if wait_for:
            opened.wait_for_selector(wait_for, state="visible", timeout=deadline.milliseconds)
        _settle(opened, deadline)
        picture = masked_picture(
            opened,
            secrets or {},
            take=lambda: _picture(opened, full_page, deadline),
            milliseconds_left=lambda: deadline.milliseconds,
        )
        if band:
            picture = _with_band(context, picture, band, deadline)
    write_file(to, [picture])
    return to


def find_chromium() -> Path | None:
    """The Chromium that pictures are taken with: the system's, else Playwright's own."""
    if system := _system_chromium():
        return Path(system)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.exists() else None


def _system_chromium() -> str | None:
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


class _Deadline:
    """One time limit for everything that one picture takes."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends = time.monotonic() + seconds

    @property
    def milliseconds(self) -> float:
        """What is left; at least one, for zero would mean without limit."""
        return max(1.0, (self._ends - time.monotonic()) * 1000)


@contextmanager
def _browser(deadline: _Deadline, address: str) -> Iterator[Browser]:
    """A browser that ends with the block; what goes wrong inside becomes one sentence."""
    from playwright.sync_api import Error, TimeoutError, sync_playwright

    system = _system_chromium()
    try:
        with sync_playwright() as playwright:
            if system is None and not Path(playwright.chromium.executable_path).exists():
                raise BrowserFailed(
                    "there is no Chromium to take a picture with; run `make setup`, or "
                    "`playwright install chromium`."
                )
            browser = playwright.chromium.launch(
                executable_path=system,
                args=list(_FLAGS),
                # Chromium's sandbox refuses to work for root.
                chromium_sandbox=os.geteuid() != 0,
                timeout=deadline.milliseconds,
            )
            try:
                yield browser
            finally:
                browser.close()
    except TimeoutError:
        raise BrowserFailed(
            f"{address} could not be pictured within {deadline.seconds:g} s."
        ) from None
    except Error as error:
        first = error.message.strip().splitlines()[0]
        raise BrowserFailed(f"{address} could not be pictured: {first}.") from None


def _still_context(
    browser: Browser, width: int, height: int, colour_scheme: ColourScheme
) -> BrowserContext:
    return browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=1,
        locale="en-GB",
        timezone_id="UTC",
        color_scheme=colour_scheme,
        reduced_motion="reduce",
        service_workers="block",
    )


# A function given to `wait_for_function` is given up when time is up, even when the page hangs;
# `evaluate` would wait for ever.
_SETTLED = """async () => {
    await document.fonts.ready;
    const pictures = [...document.images].filter(image => image.loading !== 'lazy');
    await Promise.all(pictures.map(image => image.decode().catch(() => undefined)));
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    return true;
}"""

# How long a page that fetches its data may take to go quiet; one that polls never does.
_QUIET_MILLISECONDS = 5_000


def _settle(page: Page, deadline: _Deadline) -> None:
    """Wait until fetches are done, fonts and pictures are there, and the page is drawn."""
    from playwright.sync_api import TimeoutError

    if not page.url.startswith("file:"):
        try:
            quiet = min(_QUIET_MILLISECONDS, deadline.milliseconds)
            page.wait_for_load_state("networkidle", timeout=quiet)
        except TimeoutError:
            pass
    page.wait_for_function(_SETTLED, timeout=deadline.milliseconds)


_HEIGHT = "() => ({height: document.documentElement.scrollHeight})"


def _picture(page: Page, full_page: bool, deadline: _Deadline) -> bytes:
    if full_page and page.viewport_size:
        size = page.wait_for_function(_HEIGHT, timeout=deadline.milliseconds)
        height = int(size.get_property("height").json_value())
        if height > TALLEST:
            page.set_viewport_size({"width": page.viewport_size["width"], "height": TALLEST})
            full_page = False
    return page.screenshot(
        full_page=full_page,
        animations="disabled",
        caret="hide",
        scale="css",
        timeout=deadline.milliseconds,
    )


_BANDED = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #ffd866; }}
p {{ margin: 0; padding: 8px; text-align: center; color: #3a2b00;
     font: 700 15px/20px "Liberation Sans", Arial, sans-serif; letter-spacing: .04em; }}
img {{ display: block; image-rendering: pixelated; }}
</style><p>{band}</p><img src="data:image/png;base64,{picture}">"""


def _with_band(context: BrowserContext, picture: bytes, band: str, deadline: _Deadline) -> bytes:
    from markupsafe import escape

    frame = context.new_page()
    frame.set_content(
        _BANDED.format(band=escape(band), picture=base64.b64encode(picture).decode()),
        wait_until="load",
        timeout=deadline.milliseconds,
    )
    _settle(frame, deadline)
    return _picture(frame, True, deadline)
