"""The report: verdict and mode first, safe whatever a log holds, whole in one file."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.log_tail import LONGEST_LINE, MOST_LINES, read_tail
from evidence.models import Check, Command, Drill, GitState, Note, RunRecord, Setting, Step
from evidence.report import ALL_LOGS_BYTES, render_report

START = datetime(2026, 1, 31, 14, 0, tzinfo=UTC)
TEMPLATES = Path(__file__).parents[2] / "templates"
HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


def make_record(**changes: object) -> RunRecord:
    """A record of a run that passed."""
    values: dict[str, object] = {
        "kind": "e2e",
        "timestamp": "20260131T140000Z",
        "target": "embedded",
        "mode": "embedded",
        "operator": "thandi",
        "host": "laptop",
        "git": GitState(commit="0" * 40, dirty=False),
        "tools": {"python": "3.11"},
        "configuration": {"profile": Setting(value="generic", origin="a flag")},
        "started": START,
        "finished": START + timedelta(seconds=10),
        "steps": (Step(name="greet", started=START, duration_seconds=10, outcome="done"),),
        "checks": (Check(name="exits 0", step="greet", expected="0", observed="0", passed=True),),
        "verdict": "passed",
        "reason": "The one check passed.",
    }
    return RunRecord.model_validate({**values, **changes})


class Page(HTMLParser):
    """A page's elements in order, with their attributes and their text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[list[str]] = []
        self._open: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.texts.append([])
        if tag not in {"meta", "img", "link", "br", "wbr"}:
            self._open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self.elements[self._open.pop()][0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for index in self._open:
            self.texts[index].append(data)

    def all(self, tag: str, **attributes: str) -> list[str]:
        """The text of every such element."""
        wanted = attributes.items()
        return [
            " ".join("".join(text).split())
            for (name, found), text in zip(self.elements, self.texts, strict=True)
            if name == tag and wanted <= found.items()
        ]


def page_of(record: RunRecord, directory: Path) -> Page:
    """The parsed report."""
    return Page(render_report(record, directory))


@pytest.mark.parametrize("verdict", ["passed", "failed", "incomplete", "blocked"])
@pytest.mark.parametrize("mode", ["embedded", "live"])
def test_verdict_and_mode_are_the_first_line(tmp_path: Path, verdict: str, mode: str) -> None:
    page = page_of(make_record(verdict=verdict, mode=mode), tmp_path)

    assert page.all("h1") == [f"{verdict.capitalize()} {mode} rehearsal · e2e"]
    assert page.all("title")[0].startswith(f"{verdict.capitalize()} — {mode}")


def test_an_embedded_run_says_so_in_a_band_in_the_facts_and_on_every_printed_page(
    tmp_path: Path,
) -> None:
    text = render_report(make_record(), tmp_path)
    page = Page(text)

    assert page.all("div", role="note") == ["embedded – simulated, not live"]
    assert "embedded – simulated, not live" in page.all("dd")
    assert '@top-center { content: "embedded – simulated, not live"' in text


def test_a_live_run_carries_no_band(tmp_path: Path) -> None:
    text = render_report(make_record(mode="live", target="hotpass-staging"), tmp_path)

    assert Page(text).all("div", role="note") == []
    assert "not live" not in text


def test_a_drill_is_called_one_and_shows_what_turned_red(tmp_path: Path) -> None:
    drill = Drill(fault="no space left", expected_red=("disk is free",), observed_red=())
    page = page_of(make_record(mode="live", drill=True, drills=(drill,)), tmp_path)

    assert page.all("div", role="note")[0].startswith("drill – a fault was injected")
    assert "no space left disk is free nothing" in page.all("section", id="drills")[0]


def test_failed_checks_and_those_never_made_come_first(tmp_path: Path) -> None:
    checks = [
        Check(name=name, step="", expected="1", observed=name, passed=name != "b")
        for name in ("a", "b", "c")
    ]
    page = page_of(
        make_record(checks=checks, expected_checks=("a", "b", "c", "d"), verdict="failed"), tmp_path
    )

    names = re.findall(
        r"(?:not evaluated|failed|passed) (\w) ", page.all("section", id="checks")[0]
    )
    assert names == ["d", "b", "a", "c"]


def test_a_check_links_to_the_artefact_and_the_line_that_shows_it(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text("one\ntwo\nthree\n")
    check = Check(
        name="x", step="", expected="1", observed="2", passed=False, artefact="run.log", line=2
    )
    page = page_of(make_record(checks=(check,), verdict="failed"), tmp_path)

    assert page.all("a", href="./run.log")[0] == "run.log:2"
    assert page.all("a", href="#log-run.log") == ["↓"]
    assert page.all("mark") == ["two"]


def test_nothing_that_a_run_wrote_becomes_html(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text(f"\x1b[31m{HOSTILE}\x1b[0m\n")
    (tmp_path / f"{HOSTILE.replace('/', '')}.log").write_text(HOSTILE)
    record = make_record(
        kind="e2e",
        target=HOSTILE,
        operator=HOSTILE,
        reason=HOSTILE,
        override=HOSTILE,
        simulated=(HOSTILE,),
        tools={HOSTILE: HOSTILE},
        configuration={HOSTILE: Setting(value=[HOSTILE], origin=HOSTILE)},
        steps=(Step(name=HOSTILE, started=START, outcome="failed", problem=HOSTILE),),
        commands=(Command(step=HOSTILE, argv=(HOSTILE,), log="run.log", started=START),),
        checks=(
            Check(
                name=HOSTILE,
                step="",
                expected=HOSTILE,
                observed=HOSTILE,
                passed=False,
                artefact=HOSTILE,
            ),
        ),
        expected_checks=(HOSTILE + "!",),
        notes=(Note(at=START, step=HOSTILE, text=HOSTILE),),
        verdict="failed",
    )
    page = page_of(record, tmp_path)

    assert {tag for tag, _ in page.elements} & {
        "script",
        "img",
        "iframe",
        "object",
        "base",
    } == set()
    assert not [name for _, found in page.elements for name in found if name.startswith("on")]
    assert sum(HOSTILE in text for text in page.all("dd")) == 5


def test_an_artefact_cannot_be_a_link_to_elsewhere(tmp_path: Path) -> None:
    checks = [
        Check(name="x", step="", expected="", observed="", passed=True, artefact=artefact)
        for artefact in ("javascript:alert(1)", "//example.com/x", "https://example.com")
    ]
    page = page_of(make_record(checks=checks), tmp_path)

    links = [found["href"] for tag, found in page.elements if tag == "a"]
    assert all(link.startswith(("#", "./")) for link in links)


def test_the_page_loads_nothing_and_needs_no_script(tmp_path: Path) -> None:
    page = page_of(make_record(), tmp_path)

    assert not {tag for tag, _ in page.elements} & {"script", "link", "iframe"}
    (policy,) = [
        found["content"] for tag, found in page.elements if "http-equiv" in found and tag == "meta"
    ]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_the_log_of_a_command_that_failed_is_open(tmp_path: Path) -> None:
    for name in ("good.log", "bad.log"):
        (tmp_path / name).write_text("words\n")
    commands = [
        Command(step="", argv=("x",), log="good.log", started=START, exit_code=0),
        Command(step="", argv=("x",), log="bad.log", started=START, exit_code=3),
    ]
    page = page_of(make_record(commands=commands, verdict="failed"), tmp_path)

    opened = {found["id"]: "open" in found for tag, found in page.elements if tag == "details"}
    assert opened == {"log-good.log": False, "log-bad.log": True}


def test_a_picture_is_embedded_and_links_to_itself(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (30, 20)).save(tmp_path / "graph.png")
    page = page_of(make_record(), tmp_path)

    (picture,) = [found for tag, found in page.elements if tag == "img"]
    assert (picture["width"], picture["height"]) == ("30", "20")
    assert picture["src"].startswith("data:image/png;base64,")
    assert picture["alt"] == "graph.png, as captured"


def test_all_logs_together_keep_the_page_small(tmp_path: Path) -> None:
    commands = []
    for number in range(200):
        (tmp_path / f"{number}.log").write_text("a line of thirty-two characters\n" * 3000)
        commands.append(Command(step="", argv=("x",), log=f"{number}.log", started=START))

    text = render_report(make_record(commands=commands), tmp_path)

    assert len(text) < 1.5 * ALL_LOGS_BYTES


def test_the_page_has_one_title_headings_in_order_and_landmarks(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text("words\n")
    page = page_of(make_record(notes=(Note(at=START, step="", text="a note"),)), tmp_path)

    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert {"header", "nav", "main", "footer"} <= {tag for tag, _ in page.elements}
    assert all("scope" in found for tag, found in page.elements if tag == "th")


def test_every_link_inside_the_page_leads_somewhere(tmp_path: Path) -> None:
    (tmp_path / "a log.txt").write_text("words\n")
    command = Command(step="", argv=("x",), log="a log.txt", started=START, exit_code=0)
    page = page_of(make_record(commands=(command,)), tmp_path)

    ids = [found["id"] for _, found in page.elements if "id" in found]
    targets = {found["href"][1:] for _, found in page.elements if found.get("href", "")[:1] == "#"}
    assert targets <= set(ids)
    assert len(ids) == len(set(ids))


def _themes() -> dict[str, dict[str, str]]:
    css = (TEMPLATES / "report.css").read_text()
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    light, dark, printed = (dict(re.findall(r"--([\w-]+): (#\w+)", block)) for block in blocks)
    return {"light": light, "dark": {**light, **dark}, "print": {**light, **printed}}


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
@pytest.mark.parametrize(
    ("words", "ground"),
    [
        *product(("ink", "soft", "link", "good", "bad", "open", "blocked"), ("page", "panel")),
        ("good", "good-tint"),
        ("bad", "bad-tint"),
        ("open", "open-tint"),
        ("band-ink", "band"),
        ("ink", "mark"),
    ],
)
def test_words_stand_out_as_wcag_aa_asks(theme: str, words: str, ground: str) -> None:
    colours = _themes()[theme]
    lighter, darker = sorted(
        (_luminance(colours[words]), _luminance(colours[ground])), reverse=True
    )

    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def write(path: Path, content: str | bytes) -> Path:
    """Write a log."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_colours_are_kept_and_other_sequences_are_gone(tmp_path: Path) -> None:
    log = write(
        tmp_path / "run.log",
        "\x1b[1;31mred\x1b[0m \x1b[2Kplain \x1b]0;title\x07\x1b[38;5;196mmany\x1b[39m\x08\n",
    )

    tail = read_tail(log, most_bytes=1000)

    assert tail.lines == ('<span class="bold red">red</span> plain many',)


def test_a_colour_lasts_over_lines_until_it_is_ended(tmp_path: Path) -> None:
    log = write(tmp_path / "run.log", "\x1b[32mone\ntwo\x1b[m\nthree\n")

    lines = read_tail(log, most_bytes=1000).lines

    assert lines == (
        '<span class="green">one</span>',
        '<span class="green">two</span>',
        "three",
    )


def test_of_a_progress_bar_the_last_state_is_shown(tmp_path: Path) -> None:
    log = write(tmp_path / "run.log", "1 %\r50 %\r100 %\r\nnext\r\n")

    assert read_tail(log, most_bytes=1000).lines == ("100 %", "next")


def test_the_last_lines_are_shown_with_their_numbers(tmp_path: Path) -> None:
    log = write(tmp_path / "run.log", "".join(f"line {n}\n" for n in range(1, 2001)))

    tail = read_tail(log, most_bytes=1 << 20)

    assert (tail.total, tail.first, len(tail.lines)) == (2000, 2001 - MOST_LINES, MOST_LINES)
    assert (tail.lines[0], tail.lines[-1]) == (f"line {tail.first}", "line 2000")


def test_a_line_cut_by_the_limit_of_bytes_is_left_out(tmp_path: Path) -> None:
    log = write(tmp_path / "run.log", "first line\nsecond line\nthird")

    tail = read_tail(log, most_bytes=10)

    assert (tail.first, tail.total, tail.lines) == (3, 3, ("third",))


def test_a_line_without_end_is_cut(tmp_path: Path) -> None:
    log = write(tmp_path / "run.log", "x" * 50_000)

    (line,) = read_tail(log, most_bytes=60_000).lines

    assert line == "x" * LONGEST_LINE + "<em>… 48,000 more characters</em>"


def test_an_empty_log_has_no_lines(tmp_path: Path) -> None:
    tail = read_tail(write(tmp_path / "run.log", ""), most_bytes=1000)

    assert (tail.total, tail.lines) == (0, ())


@given(st.binary(max_size=300))
def test_any_bytes_become_a_log_that_is_only_text_and_known_spans(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    log = write(tmp_path_factory.getbasetemp() / "any.log", content)

    for line in read_tail(log, most_bytes=200).lines:
        left = re.sub(r'</?span(?: class="[a-z ]+")?>', "", line)
        assert "<" not in left
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", left)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=100))
def test_plain_text_is_shown_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, content: str
) -> None:
    log = write(tmp_path_factory.getbasetemp() / "plain.log", content + "\n")

    assert [html.unescape(line) for line in read_tail(log, most_bytes=1000).lines] == [content]


@pytest.mark.browser
def test_a_reader_in_a_browser_sees_no_overflow_and_prints_every_log(
    tmp_path: Path, in_browser: Callable
) -> None:
    (tmp_path / "run.log").write_text("x" * 500 + "\n")
    record = make_record(
        reason="long" * 60,
        configuration={"k" * 80: Setting(value="v" * 300, origin="o" * 80)},
        commands=(Command(step="s", argv=("c" * 300,), log="run.log", started=START, exit_code=0),),
    )
    (tmp_path / "report.html").write_text(render_report(record, tmp_path))

    with in_browser(tmp_path / "report.html", width=390) as page:
        phone = page.evaluate("document.documentElement.scrollWidth")
        page.set_viewport_size({"width": 1000, "height": 800})
        desk = page.evaluate("document.documentElement.scrollWidth")
        closed = page.locator(".log").is_visible()
        page.emulate_media(media="print")
        printed = page.locator(".log").is_visible()

    assert (phone, desk, closed, printed) == (390, 1000, False, True)
