"""Measure a sweep of a bucket: of new portraits, and of portraits that are in the books already.

New: from the first paid request to the last verdict at most 215 s for 1,000 (the account's 5 a second are
200 s), and at most 300 MB. Known: at most 20 s for 20,000 beside what the store's own listing takes, and no
paid request.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import create_engine, insert

from benchmarks.surroundings import BUCKET, ROOT, put_pictures, surroundings
from greenlight.ledger import Ledger, schema
from greenlight.ledger.checks import check_key
from greenlight.media.kinds import Kind
from greenlight.media.listing import list_objects
from greenlight.modelstudio import catalog
from greenlight.modelstudio.family import Family
from greenlight.work.bundles.bundle import READ_AS

NEW = 1_000
KNOWN = 20_000


def main(arguments: list[str]) -> int:
    """Print the figures; return 1 if one is worse than promised. Other numbers may be given: NEW KNOWN."""
    new, known = (int(one) for one in arguments) if arguments else (NEW, KNOWN)
    with tempfile.TemporaryDirectory() as folder, surroundings(Path(folder)) as env:
        return int(_sweep_new(env, new) + _sweep_known(env, known) > 0)


def _sweep_new(env: Mapping[str, str], count: int) -> int:
    put_pictures("new/", range(count))
    report, whole_seconds, peak_mb = _run_sweep(env, "new/")
    arrivals = _arrivals(env)
    seconds = arrivals[-1] - arrivals[0]
    allowed = 215 * count / NEW
    assert report["states"] == {"waiting_for_sound": count}, report
    print(f"{count} new portraits")
    print(f"  from the first check to the last  {seconds:.1f} s (at most {allowed:.1f})")
    print(f"  the command before and after      {whole_seconds - seconds:.1f} s")
    print(f"  most memory                       {peak_mb:.0f} MB (at most 300)")
    return int(seconds > allowed or peak_mb > 300 or len(arrivals) != count)


def _sweep_known(env: Mapping[str, str], count: int) -> int:
    put_pictures("known/", range(count), b"small")
    _book(env)
    began = len(_arrivals(env))
    began_at = time.monotonic()
    assert sum(map(len, list_objects(f"s3://{BUCKET}/known/"))) == count
    listing_seconds = time.monotonic() - began_at
    report, whole_seconds, peak_mb = _run_sweep(env, "known/")
    assert report["known"] == report["portraits"] == count, report
    paid = len(_arrivals(env)) - began
    own_seconds = whole_seconds - listing_seconds
    allowed = 20 * max(count / KNOWN, 0.5)
    print(f"{count} known portraits")
    print(f"  the store's own listing           {listing_seconds:.1f} s")
    print(f"  the whole command beside it       {own_seconds:.1f} s (at most {allowed:.1f})")
    print(f"  most memory                       {peak_mb:.0f} MB")
    print(f"  paid requests                     {paid} (none)")
    return int(own_seconds > allowed or paid > 0)


def _book(env: Mapping[str, str]) -> None:
    """Write down that every portrait was checked, as if a sweep had done it."""
    family = catalog.family("emo")
    passed = {"passed": True, "face_bbox": (10, 10, 90, 90), "ext_bbox": (0, 0, 100, 100)}
    verdict = family.verdict(**passed, request_id="r").model_dump_json()
    facts = {"format": "JPEG", "width_px": 600, "height_px": 600, "size_bytes": 13}
    service = env["DASHSCOPE_HTTP_BASE_URL"].removeprefix("http://").partition("/")[0]
    url = f"sqlite:///{env['GREENLIGHT_HOME']}/ledger.db"
    engine = create_engine(url)
    with Ledger(url), engine.begin() as connection:
        for page in list_objects(f"s3://{BUCKET}/known/"):
            identities = [one.seen for one in page]
            connection.execute(
                insert(schema.checks),
                [_row(service, family, identity, verdict) for identity in identities],
            )
            connection.execute(
                insert(schema.media),
                [
                    {
                        "seen": f"{READ_AS[Kind.PICTURE]}:{one}",
                        "identity": one,
                        "facts": json.dumps(facts),
                        "problem": "",
                    }
                    for one in identities
                ],
            )
    engine.dispose()


def _row(service: str, family: Family, identity: str, verdict: str) -> dict[str, Any]:
    ratio = family.resolve_ratio(None)
    return {
        "key": check_key(service, family.check.model.id, ratio, identity),
        "service": service,
        "model": family.check.model.id,
        "family": family.name,
        "ratio": ratio,
        "portrait": identity,
        "place": "known",
        "outcome": "answered",
        "passed": True,
        "verdict": verdict,
        "request_id": "r",
        "cost_cny": Decimal("0.004"),
        "paid_at": datetime.now(UTC),
        "flow_run": "",
    }


def _arrivals(env: Mapping[str, str]) -> list[float]:
    """Return when the checks arrived at the studio."""
    told = httpx.get(env["DASHSCOPE_HTTP_BASE_URL"].removesuffix("/api/v1") + "/_studio/counters")
    return sorted(told.json()["arrivals"].get(catalog.family("emo").check.model.id, []))


def _run_sweep(env: Mapping[str, str], prefix: str) -> tuple[dict[str, Any], float, float]:
    """Run the command; return its report, its seconds, and the most memory that it had, in MB."""
    arguments = ["sweep", f"s3://{BUCKET}/{prefix}", "--model", "emo", "--json"]
    began_at = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments],
        env={**os.environ, **env},
        cwd=ROOT,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        peak_kb = 0
        while process.poll() is None:
            peak_kb = max(peak_kb, _peak_kb(process.pid))
            time.sleep(0.02)
        return json.loads(process.stdout.read()), time.monotonic() - began_at, peak_kb / 1024


def _peak_kb(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1])
    return 0
