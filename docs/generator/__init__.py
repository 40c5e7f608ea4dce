"""Make the pages of the reference, each out of the part of the code that it tells of."""
