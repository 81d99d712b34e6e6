"""Compilers, and what they left on disk."""
