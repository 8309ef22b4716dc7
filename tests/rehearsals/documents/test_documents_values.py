"""Any order of runs, any text in them: the documents come out the same, and whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from evidence.models import Check, Note, RunRecord
from rehearsals.markdown import LONGEST_VALUE

if TYPE_CHECKING:
    from conftest import Project

    ARun = Callable[..., RunRecord]

RUNS = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from(["embedded", "live"]),
        st.sampled_from(["staging", "other"]),
        st.sampled_from(["passed", "failed", "blocked"]),
    ),
    min_size=2,
    max_size=14,
    unique_by=lambda run: run[0],
)
HOSTILE = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "|",
                "\\",
                "`",
                "``",
                "*",
                "**",
                "_",
                "~~",
                "$",
                "<",
                ">",
                "-->",
                "&amp;",
                "&lt",
                "[x](y)",
                "![",
                "<b>",
                "<!--",
                "\n",
                "\r\n",
                "\n\n# ",
                "\n| a | b |",
                " ",
                "\u2028",
                "<!-- hotpass:end log -->",
                "<!-- hotpass:begin schedule -->",
                "{{ run }}",
                "<!-- hotpass:run e2e/20251118T101500Z embedded live -->",
                "http://a.b/_c_",
            ]
        ),
        st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf"]), max_size=6),
    ),
    max_size=12,
).map("".join)


@settings(deadline=None, max_examples=60)
@given(runs=RUNS, data=st.data())
def test_runs_rendered_in_any_order_give_the_same_documents(
    a_project: Callable[[], Project],
    a_run: ARun,
    runs: list[tuple[int, str, str, str]],
    data: st.DataObject,
) -> None:
    records = [
        a_run(
            f"202512{day + 1:02}T120000Z",
            mode,
            target="embedded" if mode == "embedded" else target,
            verdict=verdict,
        )
        for day, mode, target, verdict in runs
    ]
    shuffled = data.draw(st.permutations(records))
    one, other = a_project(), a_project()

    one.render(*records)
    other.render(*shuffled)

    assert one.contents() == other.contents()
    assert one.render(data.draw(st.sampled_from(records))) == ()


@settings(deadline=None, max_examples=60)
@given(value=HOSTILE)
def test_no_text_of_a_run_is_more_than_text(
    a_project: Callable[[], Project], a_run: ARun, value: str
) -> None:
    plain, hostile = a_project(), a_project()
    later = a_run("20251119T101500Z")

    plain.render(_saying("plain", a_run), later)
    hostile.render(_saying(value, a_run), later)

    for one, other in zip(plain.contents(), hostile.contents(), strict=True):
        assert _shape(other.decode()) == _shape(one.decode())
    seen = _text(hostile.log.read_text())
    assert f"Note at qa: said {' '.join(value.split())[:LONGEST_VALUE]}".rstrip() in seen
    assert hostile.render(_saying(value, a_run)) == ()


def test_a_value_is_cut_and_control_characters_are_shown_as_such(
    project: Project, a_run: ARun
) -> None:
    project.render(a_run(verdict="failed", reason="\x1b[31m\u202eevil" + "x" * 1000))

    text = project.next_steps.read_text()
    assert "\ufffd\\[31m\ufffdevil" in text and "x…" in text
    assert len(text) < 2 * LONGEST_VALUE + 400


def test_any_target_name_keeps_its_entry_findable(project: Project, a_run: ARun) -> None:
    record = a_run(target='a -- b --> <c> | "d"')

    project.render(record)

    assert project.render(record) == ()
    log = project.log.read_text()
    assert log.count("### ") == 1
    (comment,) = [line for line in log.splitlines() if line.startswith("<!-- hotpass:run")]
    assert "--" not in comment.removeprefix("<!--").removesuffix("-->")


def _saying(value: str, a_run: ARun) -> RunRecord:
    """A failed run whose every free text holds the value."""
    check = Check(name="c", step="qa", expected=f"x {value}", observed=f"x {value}", passed=False)
    return a_run(
        verdict="failed",
        reason=f"because {value}",
        override=f"said {value}",
        checks=(check,),
        expected_checks=("c",),
        notes=(Note(at="2025-11-18T10:16:00Z", step="qa", text=f"said {value}"),),
    )


def _shape(markdown: str) -> list[tuple[str, int, tuple[str, ...]]]:
    """The structure of a document without its text."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return [
        (token.type, token.level, tuple(child.type for child in token.children or []))
        for token in parser.parse(markdown)
    ]


def _text(markdown: str) -> str:
    """What a reader sees of a document."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    children = [child for token in parser.parse(markdown) for child in token.children or []]
    return "\n".join(child.content for child in children if child.type != "html_inline")
