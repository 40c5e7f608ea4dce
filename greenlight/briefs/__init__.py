"""What to film: the brief, its form in JSON schema, and the addresses it may name."""
