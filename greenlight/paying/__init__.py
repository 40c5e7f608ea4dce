"""Pay once: hold a key, wait for the pace, book, send, book the answer."""
