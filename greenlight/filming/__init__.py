"""Film a brief: plan and order its video, pay for it once, collect it, and settle what is in doubt."""
