"""Know what a portrait is: where it lies, what identifies it, its limits, how the vendor gets at it."""
