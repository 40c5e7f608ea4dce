"""Prefect blocks: credentials and connections, nothing else."""

from blocks.model_studio import ModelStudioCredentials

__all__ = ["ModelStudioCredentials"]
