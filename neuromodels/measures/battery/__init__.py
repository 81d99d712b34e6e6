"""Cognitive values of all solutions of runs and sweeps, asked for by one command."""
