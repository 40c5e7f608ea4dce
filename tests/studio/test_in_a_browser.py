"""What a browser on the studio's machine lets pages do to it."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.studio.conftest import Customer
from tests.website import Website

SENT = "fetch(address, {method: 'POST', mode: 'no-cors', body}).then(r => r.type, e => 'refused')"
POST = f"([address, body]) => {SENT}"
FORM = """address => {
    const form = document.createElement("form");
    Object.assign(form, {method: "post", action: address});
    document.body.append(form);
    form.submit();
}"""


def test_a_page_of_another_origin_steers_nothing(customer: Customer, website: Website) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    customer.submit("emo-v1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = browser.new_page()
        attack(page, customer.studio.url, website)
        assert customer.counters()["creates_accepted"] == {"emo-v1": 1}
        assert customer.http.get(f"{customer.studio.url}/_studio/faults").json()["faults"] == []
        page.goto(customer.studio.url)
        assert page.locator("article").count() == 1
        page.evaluate("fetch('/_studio/reset', {method: 'POST'})")
        assert customer.counters()["creates_accepted"] == {}
        browser.close()


def attack(page: Page, studio: str, website: Website) -> None:
    """Try from a page of another origin what pages can send without being allowed to."""
    headers = {"content-type": "text/html"}
    page.goto(website.put("/evil.html", b"<body>hello</body>", headers=headers))
    fault = '[{"fault": "refusal", "on": "check", "shape": 1}]'
    for path, body in (("reset", None), ("reset", "{}"), ("faults", fault)):
        assert page.evaluate(POST, [f"{studio}/_studio/{path}", body]) == "opaque"
    with page.expect_navigation():
        page.evaluate(FORM, f"{studio}/_studio/reset")
    assert "Pages of a browser may not do this" in page.content()
