"""Say whether the blocks are there that the deployments take their key from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound

from blocks.model_studio import ModelStudioCredentials
from deployments.doctor.deployed import Deployed
from greenlight.doctor.findings import Finding, broken, ok

SUBJECT: Final = "blocks"
REGISTER: Final = "python -m prefect block register -m blocks.model_studio"


def examine_blocks(
    client: SyncPrefectClient, deployed: Deployed, credentials: str | None
) -> Iterator[Finding]:
    """Yield which blocks of credentials are missing; none is needed where none is named."""
    named = {one.parameters.get("credentials") for one in deployed.values()} | {credentials}
    names = sorted(name for name in named if isinstance(name, str) and name)
    slug = ModelStudioCredentials.get_block_type_slug()
    if not _has_type(client, slug):
        if names:
            yield broken(
                SUBJECT,
                f"the block {', '.join(names)} is named for the key, and its type is not registered",
                f"run: {REGISTER}; then make the block in Prefect's UI",
            )
        else:
            yield ok(
                SUBJECT,
                "none is named, so runs take the key from their environment; the type of credentials is not "
                "registered",
                f"to keep the key in a block: {REGISTER}",
            )
        return
    missing = [name for name in names if not _has_block(client, slug, name)]
    if missing:
        yield broken(
            SUBJECT,
            f"there is no block {', '.join(missing)} of the type {slug}",
            "make it in Prefect's UI, or correct GREENLIGHT_CREDENTIALS and deploy again",
        )
    elif names:
        yield ok(SUBJECT, f"there: {', '.join(names)}")
    else:
        yield ok(SUBJECT, "none is named, so runs take the key from their environment")


def _has_type(client: SyncPrefectClient, slug: str) -> bool:
    try:
        client.read_block_type_by_slug(slug)
    except ObjectNotFound:
        return False
    return True


def _has_block(client: SyncPrefectClient, slug: str, name: str) -> bool:
    try:
        client.read_block_document_by_name(name, slug, include_secrets=False)
    except ObjectNotFound:
        return False
    return True
