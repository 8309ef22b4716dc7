"""Take known secrets out of a page that is open in a browser, before its picture is taken.

What a page draws on a canvas or brings as a picture cannot be masked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from evidence.errors import BrowserFailed

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page

_ATTEMPTS = 5
# A shorter value would mask words of every page.
_SHORTEST_SECRET = 4

# Collects what a page can show, open shadow roots included.
_VISIT = """
    const texts = [], attributes = [], fields = [];
    const visit = root => {
        const walker = document.createTreeWalker(
            root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            if (node.nodeType === Node.TEXT_NODE) { texts.push(node); continue; }
            attributes.push(...node.attributes);
            if (typeof node.value === 'string') fields.push(node);
            if (node.shadowRoot) visit(node.shadowRoot);
        }
    };
    visit(document);
    const whole = () => texts.map(text => text.data).join('');
"""

# The texts are searched as one, so that a secret that spans several elements is found.
_MASK = (
    "secrets => {"
    + _VISIT
    + """
    for (const [name, secret] of secrets) {
        const mask = `<redacted:${name}>`;
        for (const held of [...fields, ...attributes])
            if (held.value.includes(secret)) held.value = held.value.replaceAll(secret, mask);
        for (let from = whole().indexOf(secret); from >= 0; from = whole().indexOf(secret)) {
            const until = from + secret.length;
            let start = 0, written = false;
            for (const text of texts) {
                const data = text.data, end = start + data.length;
                if (end > from && start < until) {
                    text.data = data.slice(0, Math.max(0, from - start))
                        + (written ? '' : mask) + data.slice(until - start);
                    written = true;
                }
                start = end;
            }
        }
    }
    return true;
}"""
)

_SHOWS = (
    "secrets => {"
    + _VISIT
    + """
    const shown = [whole(), ...fields.map(field => field.value)];
    return {secret: secrets.some(([, secret]) => shown.some(text => text.includes(secret)))};
}"""
)


def masked_picture(
    page: Page,
    secrets: Mapping[str, str],
    *,
    take: Callable[[], bytes],
    milliseconds_left: Callable[[], float],
) -> bytes:
    """The picture that `take` takes, with each secret replaced by `<redacted:NAME>` in the page.

    Raises BrowserFailed when the page's own script puts a secret back time after time.
    """
    known = sorted(
        ([name, value] for name, value in secrets.items() if len(value) >= _SHORTEST_SECRET),
        key=lambda pair: -len(pair[1]),
    )
    if not known:
        return take()
    for _ in range(_ATTEMPTS):
        for frame in page.frames:
            # Given up when time is up, even when the page hangs; `evaluate` would wait for ever.
            frame.wait_for_function(_MASK, arg=known, timeout=milliseconds_left())
        picture = take()
        if not any(_shows(frame, known, milliseconds_left()) for frame in page.frames):
            return picture
    raise BrowserFailed(f"{page.url} was not pictured: it keeps showing a secret.")


def _shows(frame: Frame, known: list[list[str]], milliseconds: float) -> bool:
    found = frame.wait_for_function(_SHOWS, arg=known, timeout=milliseconds)
    return bool(found.get_property("secret").json_value())
