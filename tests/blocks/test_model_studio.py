"""The block that keeps the key."""

from __future__ import annotations

import pickle
import uuid
from typing import Any

import pytest
from prefect.blocks.core import Block
from prefect.testing.standard_test_suites.blocks import BlockStandardTestSuite
from pydantic import SecretStr, ValidationError

from blocks import ModelStudioCredentials
from greenlight.errors import SettingsError
from greenlight.modelstudio.catalog import BEIJING_BASE_URL
from greenlight.settings import Settings, read_settings
from greenlight.studio.server import StudioServer

KEY = "sk-0123456789abcdef"


class TestModelStudioCredentials(BlockStandardTestSuite):
    """Prefect's own demands on every block, as far as they need no network."""

    @pytest.fixture
    def block(self) -> type[Block]:
        return ModelStudioCredentials

    def test_has_a_valid_image(self, block: type[Block]) -> None:
        """Hold the logo's address to https; Prefect's own test fetches it."""
        assert str(block._logo_url).startswith("https://")
        assert str(block._documentation_url).startswith("https://")


def credentials(**more: str) -> ModelStudioCredentials:
    return ModelStudioCredentials(api_key=SecretStr(KEY), **more)


def test_the_key_is_never_shown() -> None:
    block = credentials()
    shown = (
        f"{block!r} {block} {block.model_dump()} {block.model_dump_json()} {block.get_client()!r}"
    )
    assert KEY not in shown


def test_the_vendors_address_is_the_default() -> None:
    assert credentials().base_url == BEIJING_BASE_URL
    assert credentials().service == "dashscope.aliyuncs.com:443"
    assert credentials(workspace="ws-1").service == "dashscope.aliyuncs.com:443+ws-1"


def test_a_client_has_the_blocks_address_and_workspace() -> None:
    block = credentials(base_url="http://127.0.0.1:8000/api/v1", workspace="ws-1")
    assert block.get_client().service == block.service == "127.0.0.1:8000+ws-1"


async def test_a_client_of_the_block_is_let_in(studio: StudioServer) -> None:
    block = ModelStudioCredentials(api_key=SecretStr("sk-local"), base_url=studio.base_url)
    async with block.get_client() as client:
        assert (await client.list_tasks()).total == 0


def test_the_environments_settings_make_a_block(settings: Settings) -> None:
    block = ModelStudioCredentials.from_settings(settings)
    assert block.api_key.get_secret_value() == "sk-local"
    assert (block.base_url, block.service) == (settings.base_url, settings.service)


def test_without_a_key_no_block_is_made() -> None:
    with pytest.raises(SettingsError, match="DASHSCOPE_API_KEY"):
        ModelStudioCredentials.from_settings(read_settings({}))


def test_a_key_is_needed() -> None:
    with pytest.raises(ValidationError, match="api_key"):
        ModelStudioCredentials()  # type: ignore[call-arg]


def test_a_block_survives_the_way_to_another_process() -> None:
    block = credentials(workspace="ws-1")
    again = pickle.loads(pickle.dumps(block))
    assert again.api_key.get_secret_value() == KEY
    assert again.service == block.service


@pytest.mark.usefixtures("prefect_server")
async def test_a_saved_block_comes_back_with_its_key() -> None:
    name = f"credentials-{uuid.uuid4().hex}"
    await credentials(workspace="ws-1").save(name)
    loaded: Any = await ModelStudioCredentials.aload(name)
    assert loaded.api_key.get_secret_value() == KEY
    assert loaded.workspace == "ws-1"
