"""Speak Model Studio's protocol for portrait checks and videos, typed; this room knows no other."""
