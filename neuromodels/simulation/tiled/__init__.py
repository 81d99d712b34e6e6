"""The stock route: copies of a network side by side on devices of Brian2."""
