"""Whose key may seal what: the file is read strictly, and a key is held to its line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import BadKey
from evidence.trusted_keys import (
    FILE_VARIABLE,
    CertifiedIdentity,
    entries_for,
    permission_problem,
    trust,
    trusted_keys,
)
from evidence.verify import verify

KEY = "ab" * 32
ISSUER = "https://token.actions.githubusercontent.com"
WORKFLOW = "https://github.com/acme/hotpass/.github/workflows/rehearse.yml@refs/heads/main"


@pytest.fixture(autouse=True)
def _no_team_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FILE_VARIABLE, raising=False)


def problem(
    folder: Path,
    line: str,
    *,
    kind: str = "e2e",
    target: str = "hotpass-staging",
    mode: str = "live",
    when: datetime = datetime(2026, 6, 1, 12, tzinfo=UTC),
    key: str = KEY,
    identity: CertifiedIdentity | None = None,
) -> str | None:
    """What stands in the way of a run that the key sealed, by a file of one line."""
    (folder / "trusted-keys").write_text(line + "\n")
    return permission_problem(
        trusted_keys(folder), key, kind=kind, target=target, mode=mode, when=when,
        identity=identity,
    )  # fmt: skip


def test_a_line_without_limits_lets_a_key_seal_everything(tmp_path: Path) -> None:
    line = f"# the team\n\n{KEY}  Thandi, QA  # laptop"

    assert problem(tmp_path, line) is None
    assert [entry.whose for entry in trusted_keys(tmp_path)] == ["Thandi, QA"]


@pytest.mark.parametrize(
    ("limits", "run"),
    [
        ("modes=embedded", {}),
        ("kinds=arc,backfill", {}),
        ("targets=arc-*", {}),
        ("kinds=e2e modes=live targets=hotpass-*", {"kind": "arc"}),
    ],
)
def test_a_key_that_may_not_seal_such_a_run_is_named_with_the_run(
    tmp_path: Path, limits: str, run: dict[str, str]
) -> None:
    said = problem(tmp_path, f"{KEY} {limits} Thandi, QA", **run)

    kind = run.get("kind", "e2e")
    assert said == (
        f"sealed by the key of Thandi, QA, which may not seal live {kind} on hotpass-staging"
    )


def test_limits_that_cover_the_run_let_it_pass(tmp_path: Path) -> None:
    line = f"{KEY} kinds=arc,e2e targets=hotpass-* modes=live Thandi"

    assert problem(tmp_path, line) is None


def test_two_lines_about_a_key_add_up(tmp_path: Path) -> None:
    lines = f"{KEY} modes=embedded Thandi\n{KEY} kinds=e2e modes=live Thandi"

    assert problem(tmp_path, lines) is None
    assert problem(tmp_path, lines, kind="arc") is not None


@pytest.mark.parametrize(
    ("when", "allowed"),
    [
        (datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 6, 1, tzinfo=UTC), True),
        (datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 7, 1, tzinfo=UTC), False),
    ],
)
def test_a_date_is_the_whole_day(tmp_path: Path, when: datetime, allowed: bool) -> None:
    line = f"{KEY} valid-from=2026-06-01 valid-until=2026-06-30 Thandi"

    said = problem(tmp_path, line, when=when)

    assert (said is None) == allowed
    assert allowed or "only from 2026-06-01 00:00 until 2026-06-30 23:59" in str(said)


def test_a_time_of_day_with_its_zone_counts(tmp_path: Path) -> None:
    line = f"{KEY} valid-until=2026-06-01T14:00:00+02:00 Thandi"

    assert problem(tmp_path, line, when=datetime(2026, 6, 1, 12, tzinfo=UTC)) is None
    assert problem(tmp_path, line, when=datetime(2026, 6, 1, 12, 1, tzinfo=UTC)) is not None


def test_a_key_that_no_line_is_about_may_seal_nothing(tmp_path: Path) -> None:
    said = problem(tmp_path, f"{KEY} Thandi", key="cd" * 32)

    assert said is not None
    assert "no line of trusted-keys is about" in said


def test_an_identity_is_trusted_by_its_pattern_and_its_issuer_together(tmp_path: Path) -> None:
    line = f"https://github.com/acme/hotpass/*@refs/heads/main issuer={ISSUER} the pipeline"
    right = CertifiedIdentity(name=WORKFLOW, issuer=ISSUER)
    fork = CertifiedIdentity(name=WORKFLOW.replace("acme", "mallory"), issuer=ISSUER)
    other_issuer = CertifiedIdentity(name=WORKFLOW, issuer="https://mallory.example")

    assert problem(tmp_path, line, key="cd" * 32, identity=right) is None
    assert problem(tmp_path, line, key="cd" * 32, identity=fork) is not None
    assert problem(tmp_path, line, key="cd" * 32, identity=other_issuer) is not None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("abcdef Thandi", "expected a fingerprint of 64"),
        (KEY, "whose key it is"),
        (f"{KEY} modes=live", "whose key it is"),
        (f"{KEY} mode=live Thandi", "mode= is not known; known are kinds, targets, modes"),
        (f"{KEY} modes=Live Thandi", "modes=Live: expected embedded or live"),
        (f"{KEY} kinds=, Thandi", "expected names with a comma between"),
        (f"{KEY} kinds=e2e kinds=arc Thandi", "kinds= is there twice"),
        (f"{KEY} valid-until=tomorrow Thandi", "expected a date as 2027-06-30"),
        (f"{KEY} issuer={ISSUER} Thandi", "a fingerprint cannot have one"),
        ("https://github.com/acme/* the pipeline", "an identity needs issuer="),
    ],
)
def test_a_line_that_cannot_be_meant_is_named_with_what_is_wrong(
    tmp_path: Path, line: str, said: str
) -> None:
    (tmp_path / "trusted-keys").write_text(f"# the team\n{line}\n")

    with pytest.raises(BadKey, match=rf"trusted-keys, line 2: .*{said}"):
        trusted_keys(tmp_path)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-text"
    folder.mkdir(exist_ok=True)
    (folder / "trusted-keys").write_text(text, encoding="utf-8", errors="replace")

    try:
        found = trusted_keys(folder)
    except BadKey:
        return
    assert all(entry.whose for entry in found)


def test_a_file_that_is_named_must_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trusted_keys(tmp_path) == ()
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "team-keys"))

    with pytest.raises(BadKey, match=r"team-keys cannot be read .*No such file"):
        trusted_keys(tmp_path)


def test_a_teams_file_counts_beside_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trusted-keys").write_text(f"{KEY} Thandi\n")
    (tmp_path / "team-keys").write_text(f"{'cd' * 32} Sipho\n")
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "team-keys"))

    assert [entry.whose for entry in trusted_keys(tmp_path)] == ["Thandi", "Sipho"]


def test_where_a_teams_file_is_named_an_unknown_key_is_a_finding(
    sealed, config_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "team-keys").write_text(f"{KEY} Thandi\n")
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "team-keys"))

    findings = verify(sealed.directory, config_dir=config_dir).findings

    assert [(finding.kind, finding.detail) for finding in findings] == [
        (
            "signer",
            "sealed by a key that no line of trusted-keys is about, so it may not seal embedded "
            "e2e on embedded",
        )
    ]


def test_trusting_a_key_adds_a_line_and_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "trusted-keys").write_text(f"# the team\n{KEY} Thandi")

    path = trust("cd" * 32, "Sipho, laptop", tmp_path)

    assert path.read_text() == f"# the team\n{KEY} Thandi\n{'cd' * 32} Sipho, laptop\n"
    assert len(entries_for(trusted_keys(tmp_path), "cd" * 32)) == 1


def test_a_key_that_has_a_line_is_not_given_a_second_one(tmp_path: Path) -> None:
    trust(KEY, "Thandi", tmp_path)

    with pytest.raises(BadKey, match="has a line about"):
        trust(KEY, "Thandi", tmp_path)


@pytest.mark.parametrize("whose", ["", "  ", "two\nlines", "a # comment", "modes=live"])
def test_a_name_that_the_file_could_not_hold_is_refused(tmp_path: Path, whose: str) -> None:
    with pytest.raises(BadKey, match="plain words"):
        trust(KEY, whose, tmp_path)
    assert not (tmp_path / "trusted-keys").exists()


def test_verifying_reports_a_key_that_may_not_seal_such_a_run(sealed, tmp_path: Path) -> None:
    (tmp_path / "trusted-keys").write_text(f"{sealed.seal.fingerprint} modes=live Thandi, QA\n")

    findings = verify(sealed.directory, config_dir=tmp_path).findings

    assert [(finding.kind, finding.detail) for finding in findings] == [
        ("signer", "sealed by the key of Thandi, QA, which may not seal embedded e2e on embedded")
    ]
