"""What lies around a solution: its numbers made larger and smaller, one coefficient or all."""
