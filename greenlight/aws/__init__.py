"""Speak with AWS: make clients, sign links, and put its errors into words with what to do about them."""
