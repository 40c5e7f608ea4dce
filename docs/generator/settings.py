"""Tell of every variable of the environment, out of the tables beside the code that reads them."""

from __future__ import annotations

from collections.abc import Iterable

from deployments.choices import CHOICES
from generator.markdown import bullets, code, paragraph, write_page
from greenlight.settings import SETTINGS, Setting

INTRODUCTION = """
All settings are variables of the environment, read when they are needed and never kept. A wrong one
is named in an error before anything is paid. A block that a flow names wins over the environment's
key, address and workspace.
"""
OF_DEPLOYMENTS = """
`deployments/prefect.yaml` and `greenlight serve` read these once, when they deploy; the first two
must be set. Places in S3 end with a slash, and the output must not lie in what is watched.
"""
POOL = Setting(
    "GREENLIGHT_WORK_POOL", "The work pool of the deployments; `greenlight serve` needs none."
)
OTHERS = (
    Setting(
        "PREFECT_API_URL",
        "The Prefect server; without one every run starts one of its own for its time, which takes seconds.",
    ),
    Setting("PREFECT_API_AUTH_STRING", "USER:PASSWORD, where the server asks for them."),
    Setting(
        "PREFECT_DEFAULT_RESULT_STORAGE_BLOCK",
        "TYPE/NAME of the block in which results are kept, like s3-bucket/greenlight-results.",
        "a folder of the machine",
    ),
    Setting(
        "PREFECT_LOGGING_EXTRA_LOGGERS",
        "greenlight: the warnings of Greenlight's own code appear in the runs' logs at Prefect too, "
        "and not on the worker's console only.",
    ),
    Setting(
        "PREFECT_WORKER_QUERY_SECONDS",
        "How often a worker asks for runs; 1 starts them sooner.",
        "10",
    ),
    Setting(
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE, ...",
        "boto3's own chain of credentials, a machine's role included.",
    ),
    Setting("AWS_DEFAULT_REGION", "The region, where the profile names none."),
    Setting("AWS_ENDPOINT_URL", "Another store that speaks S3's protocol."),
)
"""What others read, as far as it matters here."""


def page() -> str:
    """Return the page of the settings."""
    return write_page(
        "Settings",
        paragraph(INTRODUCTION),
        "## Everywhere",
        _listed(SETTINGS),
        "## Of the deployments",
        paragraph(OF_DEPLOYMENTS),
        _listed((*CHOICES, POOL)),
        "## Of Prefect and boto3",
        "Their own, as far as they matter here:",
        _listed(OTHERS),
    )


def _listed(settings: Iterable[Setting]) -> str:
    return bullets(
        f"{', '.join(map(code, one.name.split(', ')))}: {one.meaning}"
        + (f" Default: {one.default}." if one.default else "")
        for one in settings
    )
