"""Speak the vendor's protocol on this machine, and look at the pictures with the local judge."""
