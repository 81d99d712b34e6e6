"""Two tasks on the same inputs, told apart by a context."""
