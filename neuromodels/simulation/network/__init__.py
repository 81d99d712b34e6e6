"""A study becomes a Brian2 network."""
