"""Cognitive measures of finished solutions: one file each, and what runs and keeps them."""
