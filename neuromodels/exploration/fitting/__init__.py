"""The parts of a fit: its loss, its search, what is scored again, and how sure it is."""
