"""Small pictures of portraits, and where they are kept."""
