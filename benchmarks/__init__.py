"""Measure what is promised, as ratios against a plain script in the same run."""
