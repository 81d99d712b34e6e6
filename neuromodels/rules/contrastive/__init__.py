"""Rules that learn from pairs of real and false samples."""
