"""Run many copies of one network, and read them back."""
