"""Kill real processes at the worst moments, then compare what the studio billed with the books."""
