"""Prefect's UI filters by the names of states that it knows itself, as the documents say."""

from __future__ import annotations

import httpx
from playwright.sync_api import Page, expect

from tests.browser.stage import Stage
from tests.browser.test_prefect_ui import ROWS

ALL = "All run states"


def run_of(stage: Stage, deployment: str, *states: dict[str, str]) -> None:
    """Let a run of a deployment go through states, as its process would."""
    wanted: dict[str, object] = {"parameters": {}, "enforce_parameter_schema": False}
    path = f"deployments/{stage.deployments[deployment]}/create_flow_run"
    with httpx.Client(base_url=f"{stage.url}/api/") as client:
        made = client.post(path, json=wanted).raise_for_status().json()
        for state in states:
            wanted = {"state": state, "force": True}
            client.post(f"flow_runs/{made['id']}/set_state", json=wanted).raise_for_status()


def test_a_deployment_shows_its_runs_once_all_states_are_chosen(page: Page, stage: Stage) -> None:
    run_of(stage, "film", {"type": "RUNNING"}, {"type": "COMPLETED", "name": "Filmed"})
    page.goto(f"{stage.url}/v2/deployments/deployment/{stage.deployments['film']}")
    expect(page.get_by_text("0 Flow runs")).to_be_visible()
    expect(page.locator(ROWS)).to_have_count(0)
    page.get_by_role("button", name="All except scheduled").click()
    page.get_by_role("menuitem", name=ALL).click()
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator(ROWS).get_by_text("Filmed", exact=True)).to_be_visible()


def test_the_page_of_runs_finds_none_of_ours_as_completed(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.url}/v2/runs")
    expect(page.locator(ROWS).get_by_text("Filmed", exact=True).first).to_be_visible()
    page.get_by_role("button", name=ALL).click()
    page.get_by_role("menuitem", name="Completed").click()
    expect(page.get_by_text("0 Flow runs")).to_be_visible()
    expect(page.locator(ROWS)).to_have_count(0)
