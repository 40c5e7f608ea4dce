"""The revisions; what is released is never changed again."""
