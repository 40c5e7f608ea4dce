"""Look at a portrait before the dear step: its header, the detector, the judge."""
