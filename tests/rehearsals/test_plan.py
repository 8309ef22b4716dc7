"""A plan says what stands in the way of a run, and touches nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rehearsals.kinds import AnyKind, find_kind, load_settings, staging_for
from rehearsals.plan import Plan, make_plan

PROJECT = Path(__file__).resolve().parents[2]
LIVE = "hotpass-e2e-staging"
CREDENTIALS = {"PREFECT_API_URL": "https://prefect.example/api", "PREFECT_API_KEY": "a-key"}
IN_WINDOW = datetime(2025, 12, 18, 9, tzinfo=UTC)
AFTERWARDS = datetime(2025, 12, 19, 0, tzinfo=UTC)


@pytest.fixture
def kind() -> AnyKind:
    """The e2e kind, without its look at this machine's folders."""
    return replace(find_kind("e2e"), obstacles=lambda staging: ())


def plan_for(
    kind: AnyKind,
    target: str,
    *,
    now: datetime = IN_WINDOW,
    override: str | None = None,
    environment: dict[str, str] = CREDENTIALS,
) -> Plan:
    rehearsals = load_settings(PROJECT)
    staging = staging_for(kind, target, rehearsals, PROJECT)
    return make_plan(kind, staging, rehearsals, now=now, override=override, environment=environment)


def test_embedded_runs_at_any_time_and_needs_no_credentials(kind: AnyKind) -> None:
    assert plan_for(kind, "embedded", now=AFTERWARDS, environment={}).obstacles == ()


def test_a_live_run_inside_its_window_may_start(kind: AnyKind) -> None:
    assert plan_for(kind, LIVE).obstacles == ()


def test_a_live_run_outside_its_window_is_blocked(kind: AnyKind) -> None:
    (obstacle,) = plan_for(kind, LIVE, now=AFTERWARDS).obstacles

    assert "last closed 2025-12-19 00:00 UTC" in obstacle
    assert '--override "reason"' in obstacle


def test_a_live_run_before_its_window_is_told_when_it_opens(kind: AnyKind) -> None:
    (obstacle,) = plan_for(kind, LIVE, now=datetime(2025, 12, 1, tzinfo=UTC)).obstacles

    assert "next opens 2025-12-18 00:00 UTC" in obstacle


def test_an_override_with_a_reason_opens_the_window_and_is_shown(kind: AnyKind) -> None:
    plan = plan_for(kind, LIVE, now=AFTERWARDS, override="hotfix needs proof")

    assert plan.obstacles == ()
    assert "  override hotfix needs proof" in plan.lines()


def test_an_override_does_not_stand_in_for_credentials(kind: AnyKind) -> None:
    plan = plan_for(kind, LIVE, override="now", environment={"PREFECT_API_URL": "x"})

    assert plan.obstacles == ("PREFECT_API_KEY is not set; export it for target " + LIVE + ".",)


def test_a_credential_is_named_but_its_value_is_not_shown(kind: AnyKind) -> None:
    lines = "\n".join(plan_for(kind, LIVE).lines())

    assert "a-key" not in lines
