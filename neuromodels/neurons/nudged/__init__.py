"""Neurons that their own error moves, for rules in two phases."""
