"""Where each number of an instance lies."""
