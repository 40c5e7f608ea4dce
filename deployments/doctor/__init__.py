"""Look at the Prefect server and at what was deployed to it."""
