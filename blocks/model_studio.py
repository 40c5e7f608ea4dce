"""Keep the key, address and workspace of Model Studio in a Prefect block."""

from __future__ import annotations

from prefect.blocks.abstract import CredentialsBlock
from pydantic import Field, HttpUrl, SecretStr

from greenlight.modelstudio.catalog import BEIJING_BASE_URL
from greenlight.modelstudio.client import ModelStudio, service_of
from greenlight.settings import Settings


class ModelStudioCredentials(CredentialsBlock):
    """Credentials of Alibaba Cloud Model Studio.

    Example:
        Load the stored credentials and look at the account's tasks, which costs nothing:
        ```python
        from blocks import ModelStudioCredentials

        credentials = ModelStudioCredentials.load("BLOCK_NAME")
        async with credentials.get_client() as client:
            page = await client.list_tasks()
        ```
    """

    _block_type_name = "Model Studio Credentials"
    _block_type_slug = "model-studio-credentials"
    _logo_url = HttpUrl("https://cdn.simpleicons.org/alibabacloud")
    _documentation_url = HttpUrl("https://www.alibabacloud.com/help/en/model-studio/get-api-key")

    api_key: SecretStr = Field(
        title="API key", description="A key of the China (Beijing) region, sk-..."
    )
    base_url: str = Field(
        default=BEIJING_BASE_URL,
        title="Base address",
        description="The vendor's address, or that of a local studio.",
    )
    workspace: str | None = Field(
        default=None, title="Workspace", description="The id of a sub-workspace, if one is used."
    )

    def get_client(self) -> ModelStudio:
        """Return a client of the service; use it in an `async with` block."""
        return ModelStudio(
            self.api_key.get_secret_value(), base_url=self.base_url, workspace=self.workspace
        )

    @property
    def service(self) -> str:
        """Return what every key of the books begins with: host, port and workspace."""
        return service_of(self.base_url, self.workspace)

    @classmethod
    def from_settings(cls, settings: Settings) -> ModelStudioCredentials:
        """Return unsaved credentials out of the environment's settings."""
        return cls(
            api_key=SecretStr(settings.require_key()),
            base_url=settings.base_url,
            workspace=settings.workspace,
        )
