"""Screen portraits and film those that pass, without paying twice; this core knows no Prefect."""

__version__ = "0.1.0"
