"""Prefect flows: only what happens after what."""
