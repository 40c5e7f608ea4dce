from __future__ import annotations

from dataclasses import replace

from greenlight.ledger import Ledger
from greenlight.ledger.media import KnownMedium
from tests.ledger.values import NEW, another, send

PICTURE = KnownMedium(seen="etag-ab-12", identity="sha256-cd", facts={"name": "陽子.png", "n": 1})
BROKEN = KnownMedium(seen="etag-ef-34", problem="it is no picture")


def test_what_was_found_out_is_known_again(ledger: Ledger) -> None:
    ledger.media.remember([PICTURE, BROKEN])
    asked = [PICTURE.seen, "etag-unknown-1", BROKEN.seen]
    assert ledger.media.find_many(asked) == {PICTURE.seen: PICTURE, BROKEN.seen: BROKEN}


def test_what_was_found_out_last_counts(ledger: Ledger) -> None:
    ledger.media.remember([PICTURE, replace(PICTURE, identity="sha256-ee")])
    ledger.media.remember([replace(PICTURE, identity="sha256-ff")])
    assert ledger.media.find_many([PICTURE.seen])[PICTURE.seen].identity == "sha256-ff"


def test_a_whole_page_of_a_listing_is_asked_for_at_once(ledger: Ledger) -> None:
    many = [replace(PICTURE, seen=f"etag-{number}-1") for number in range(1_200)]
    ledger.media.remember(many)
    assert len(ledger.media.find_many(one.seen for one in many)) == 1_200


def test_nothing_to_remember_is_no_transaction(ledger: Ledger) -> None:
    ledger.media.remember([])
    assert ledger.media.find_many([]) == {}


def test_the_jobs_of_portraits_are_found_by_their_identities(ledger: Ledger) -> None:
    send(ledger, replace(NEW, portrait="sha256-ab", drive="sha256-s1"))
    send(ledger, another(2, portrait="sha256-ab", drive="sha256-s2"))
    send(ledger, another(3, portrait="sha256-other"))
    found = ledger.jobs.of_portraits(NEW.service, ["sha256-ab", "sha256-none"])
    assert [job.drive for job in found] == ["sha256-s1", "sha256-s2"]
    assert ledger.jobs.of_portraits("another:80", ["sha256-ab"]) == []
