"""Pictures: the same for the same page, banded, without secrets, and in bounded time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import psutil
import pytest
from PIL import Image

from evidence.browser import find_chromium, screenshot
from evidence.content import content_problem
from evidence.errors import BrowserFailed
from evidence.masking import masked_picture

pytestmark = pytest.mark.browser

SECRET = "correct-horse-battery"

MOVING = """<!doctype html><meta charset=utf-8>
<style>@keyframes turn { to { transform: rotate(1turn) } }
b { display: block; width: 99px; height: 99px; background: #c33; animation: turn 1s infinite }
i { color: #35c; transition: all 5s }</style>
<b></b><i id=now></i><input autofocus><script>now.textContent = new Date(0).toString()</script>"""


def write_page(path: Path, body: str) -> Path:
    """Write a page."""
    path.write_text(f"<!doctype html><meta charset=utf-8><body>{body}")
    return path


def test_two_pictures_of_a_moving_page_are_the_same_bytes_and_leave_no_browser(
    tmp_path: Path,
) -> None:
    (tmp_path / "page.html").write_text(MOVING)

    one, other = (
        screenshot(tmp_path / "page.html", tmp_path / f"{n}.png", band="embedded") for n in "12"
    )

    assert one.read_bytes() == other.read_bytes()
    assert content_problem(one) is None
    children = psutil.Process().children(recursive=True)
    assert [child.name() for child in children if "chrom" in child.name()] == []


def test_the_band_stands_above_the_page_and_covers_none_of_it(tmp_path: Path) -> None:
    # A page that claims the whole window, and the top of it, for itself.
    page = write_page(
        tmp_path / "page.html",
        "<div style='position:fixed;inset:0;background:#00f;z-index:2147483647'></div>",
    )

    plain = Image.open(screenshot(page, tmp_path / "plain.png", width=400, height=300))
    banded = Image.open(
        screenshot(page, tmp_path / "banded.png", width=400, height=300, band="embedded")
    )

    assert plain.size == (400, 300)
    margin = banded.height - plain.height
    assert margin > 20
    assert banded.crop((0, margin, 400, banded.height)).tobytes() == plain.tobytes()
    assert banded.getpixel((2, 2))[:3] == (0xFF, 0xD8, 0x66)


def test_a_full_page_is_as_long_as_it_is(tmp_path: Path) -> None:
    page = write_page(tmp_path / "page.html", "<div style='height:3000px'></div>")

    whole = Image.open(screenshot(page, tmp_path / "whole.png", full_page=True))

    assert (whole.width, whole.height >= 3000) == (1440, True)


def test_a_secret_is_masked_wherever_the_page_shows_it(
    tmp_path: Path, in_browser: Callable
) -> None:
    half = len(SECRET) // 2
    page_file = write_page(
        tmp_path / "page.html",
        f"<p>{SECRET} and {SECRET}<p>{SECRET[:half]}<b>{SECRET[half:]}</b> tail"
        f"<input value='{SECRET}'><textarea>{SECRET}</textarea><a title='{SECRET}'>x</a>"
        "<div id=host></div><iframe srcdoc='<p>framed</p>'></iframe>"
        f"<script>host.attachShadow({{mode: 'open'}}).innerHTML = '<i>{SECRET}</i>'</script>",
    )

    with in_browser(page_file) as page:
        page.frames[1].evaluate(f"document.body.textContent = '{SECRET}'")
        # The script that wrote the secret is part of the page; only what can be seen counts.
        page.evaluate("document.querySelector('script').remove()")
        masked_picture(
            page,
            {"PASSWORD": SECRET},
            take=lambda: b"",
            milliseconds_left=lambda: 5000.0,
        )
        shown = [
            page.locator("body").inner_text(),
            page.locator("input").input_value(),
            page.locator("textarea").input_value(),
            page.locator("a").get_attribute("title"),
            page.locator("i").inner_text(),
            page.frames[1].locator("body").inner_text(),
        ]

    assert not [text for text in shown if SECRET in text]
    assert all("<redacted:PASSWORD>" in text for text in shown)
    assert "<redacted:PASSWORD> tail" in shown[0]


def test_a_picture_with_a_secret_is_the_picture_with_its_mask(tmp_path: Path) -> None:
    secret = write_page(tmp_path / "secret.html", f"<p>token {SECRET}!")
    masked = write_page(tmp_path / "masked.html", "<p>token &lt;redacted:TOKEN>!")

    one = screenshot(secret, tmp_path / "1.png", secrets={"TOKEN": SECRET})
    other = screenshot(masked, tmp_path / "2.png")

    assert one.read_bytes() == other.read_bytes()


def test_a_page_that_keeps_writing_a_secret_is_not_pictured(tmp_path: Path) -> None:
    page = write_page(
        tmp_path / "page.html",
        f"<p id=p></p><script>setInterval(() => p.textContent = '{SECRET}', 1)</script>",
    )

    with pytest.raises(BrowserFailed, match="keeps showing a secret"):
        screenshot(page, tmp_path / "page.png", secrets={"TOKEN": SECRET})
    assert not (tmp_path / "page.png").exists()


def test_a_page_that_hangs_is_given_up(tmp_path: Path) -> None:
    page = write_page(
        tmp_path / "page.html", "<script>addEventListener('load', () => { for (;;); })</script>"
    )

    with pytest.raises(BrowserFailed, match=r"page\.html could not be pictured within 2 s"):
        screenshot(page, tmp_path / "page.png", timeout_seconds=2)


def test_a_page_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BrowserFailed, match=r"none\.html could not be pictured: .*\.$") as failed:
        screenshot(tmp_path / "none.html", tmp_path / "page.png")
    assert "\n" not in str(failed.value)


def test_the_page_of_an_error_is_not_pictured(tmp_path: Path) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            with pytest.raises(BrowserFailed, match=r"/none was not pictured: it answered 404\.$"):
                screenshot(f"http://127.0.0.1:{server.server_port}/none", tmp_path / "page.png")
        finally:
            server.shutdown()


def test_a_picture_waits_for_what_it_is_told_to_wait_for(tmp_path: Path) -> None:
    page = write_page(
        tmp_path / "page.html",
        "<script>setTimeout(() => document.body.style.background = '#0a0', 400);"
        "setTimeout(() => document.body.innerHTML = '<p id=done>done', 500)</script>",
    )

    picture = screenshot(page, tmp_path / "page.png", wait_for="#done")

    assert Image.open(picture).getpixel((700, 500))[:3] == (0, 0xAA, 0)


def test_without_a_browser_one_sentence_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "none"))

    with pytest.raises(BrowserFailed, match="make setup"):
        screenshot(write_page(tmp_path / "page.html", "x"), tmp_path / "page.png")
    assert find_chromium() is None
