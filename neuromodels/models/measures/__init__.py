"""Measures of a network's activity, kept by the compiled program itself."""
