"""List every environment variable, from the tables that the code reads them by."""

from __future__ import annotations

from collections.abc import Iterable

from deployments.choices import CHOICES, WORK_POOL
from generator.markdown import bullets, code, paragraph, write_page
from greenlight.settings import SETTINGS, Setting

INTRODUCTION = """
All settings are environment variables, read when they are needed and never kept. An error names a
wrong value before anything is paid, and a warning names a `GREENLIGHT_` variable that is not a
setting. A block that a flow names takes precedence over the key, address and workspace here.
"""
OF_DEPLOYMENTS = """
`deployments/prefect.yaml` and `greenlight serve` read these once, when they deploy; the first two
are required. S3 places end with a slash, and the output must not be inside the watched one.
"""
OTHERS = (
    Setting(
        "PREFECT_API_URL",
        "The Prefect server; without one, every run starts a temporary server, which takes seconds.",
    ),
    Setting("PREFECT_API_AUTH_STRING", "USER:PASSWORD, if the server requires them."),
    Setting(
        "PREFECT_DEFAULT_RESULT_STORAGE_BLOCK",
        "TYPE/NAME of the block that keeps results, like s3-bucket/greenlight-results.",
        "a folder on this machine",
    ),
    Setting(
        "PREFECT_LOGGING_EXTRA_LOGGERS",
        "greenlight: show Greenlight's own warnings in the runs' logs in Prefect too, not only on the "
        "worker's console.",
    ),
    Setting(
        "PREFECT_WORKER_QUERY_SECONDS",
        "How often a worker asks for runs, in seconds; 1 starts them sooner.",
        "10",
    ),
    Setting(
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE, ...",
        "boto3's own credential chain, including a machine's role.",
    ),
    Setting("AWS_DEFAULT_REGION", "The region, if the profile names none."),
    Setting("AWS_ENDPOINT_URL", "The address of another S3-compatible store."),
)
"""What others read, as far as it matters here."""


def page() -> str:
    """Return the page of the settings."""
    return write_page(
        "Settings",
        paragraph(INTRODUCTION),
        "## Everywhere",
        _listed(SETTINGS.values()),
        "## For the deployments",
        paragraph(OF_DEPLOYMENTS),
        _listed((*CHOICES.values(), WORK_POOL)),
        "## Prefect and boto3",
        "Their own settings that matter here:",
        _listed(OTHERS),
    )


def _listed(settings: Iterable[Setting]) -> str:
    return bullets(
        f"{', '.join(map(code, one.name.split(', ')))}: {one.meaning}"
        + (f" Default: {default}." if (default := one.default_in_words or one.default) else "")
        for one in settings
    )
