"""`greenlight setup bucket`."""

from __future__ import annotations

import uuid

from tests.bucket import Bucket
from tests.cli.conftest import Greenlight


def test_without_apply_it_is_only_said(greenlight: Greenlight, bucket: Bucket) -> None:
    name = f"uploads-{uuid.uuid4().hex}"
    ran = greenlight("setup", "bucket", bucket.name, "--prefix", "uploads/", "--queue", name)
    *steps, end = ran.out.splitlines()
    assert ran.code == 0
    assert len(steps) == 4
    assert all(step.startswith("Would ") for step in steps)
    assert end == "Nothing was changed; use --apply to apply this."


def test_with_apply_it_ends_with_the_command_that_listens(
    greenlight: Greenlight, bucket: Bucket
) -> None:
    name = f"uploads-{uuid.uuid4().hex}"
    asked = ("setup", "bucket", bucket.name, "--prefix", "uploads/", "--queue", name, "--apply")
    first, second = greenlight(*asked), greenlight(*asked)
    assert (first.code, second.code) == (0, 0)
    assert first.out.startswith("Created the queue ")
    assert all(line.startswith("Already there: ") for line in second.out.splitlines()[:-1])
    for ran in (first, second):
        command = ran.out.splitlines()[-1]
        assert command.startswith("Now run: greenlight listen --queue http")
        assert command.endswith(f"/{name}")


def test_an_output_below_the_prefix_is_refused(greenlight: Greenlight) -> None:
    asked = ("setup", "bucket", "portraits", "--prefix", "uploads/", "--queue", "uploads")
    ran = greenlight(*asked, "--out", "s3://portraits/uploads/videos/")
    assert ran.code == 1
    assert "so every video would start another run" in ran.err
