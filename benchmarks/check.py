"""Measure `greenlight check` from start to end against a script with the official SDK.

Both are new processes that upload the same file to the same studio and check it; they take turns, so that a
machine whose speed drifts slows both.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from greenlight.studio.server import StudioServer, StudioSettings

ROOT = Path(__file__).resolve().parents[1]
PORTRAIT = ROOT / "samples" / "grace_hopper.jpg"
ROUNDS = 10
MAX_RATIO = 1.0

SDK_SCRIPT = """
import sys
from dashscope.client.base_api import BaseApi
from dashscope.utils.oss_utils import OssUtils
url, _ = OssUtils.upload(model="emo-detect-v1", file_path=sys.argv[1])
answer = BaseApi.call(
    model="emo-detect-v1", input={"image_url": url}, task_group="aigc", task="image2video",
    function="face-detect", ratio="1:1", headers={"X-DashScope-OssResourceResolve": "enable"},
)
assert answer.output["check_pass"], answer
"""


def main(_arguments: list[str]) -> int:
    """Print the figures; return 1 if the command is slower than the script."""
    with tempfile.TemporaryDirectory() as home:
        settings = StudioSettings(home=Path(home) / "studio", rate_per_second=1000)
        with StudioServer(settings) as studio:
            environment = os.environ | {
                "DASHSCOPE_HTTP_BASE_URL": studio.base_url,
                "DASHSCOPE_API_KEY": "sk-local",
                "GREENLIGHT_HOME": home,
                "PYTHONPATH": str(ROOT),
            }
            ours = [sys.executable, "-m", "cli", "check", str(PORTRAIT), "--model", "emo"]
            sdk = [sys.executable, "-c", SDK_SCRIPT, str(PORTRAIT)]
            _seconds([*ours, "--fresh"], environment)
            _seconds(sdk, environment)
            pairs = [
                (_seconds([*ours, "--fresh"], environment), _seconds(sdk, environment))
                for _ in range(ROUNDS)
            ]
            known = statistics.median(_seconds(ours, environment) for _ in range(ROUNDS))
    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
    print(f"greenlight check       {statistics.median(mine for mine, _ in pairs):.2f} s, paid")
    print(f"the same from the books {known:.2f} s")
    print(f"script with the SDK    {statistics.median(theirs for _, theirs in pairs):.2f} s")
    print(f"ratio, pair by pair    {ratio:.2f} (at most {MAX_RATIO:g})")
    return int(ratio > MAX_RATIO)


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    began_at = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - began_at
