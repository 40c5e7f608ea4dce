"""Store videos whole or not at all: in a folder, or in a bucket."""
