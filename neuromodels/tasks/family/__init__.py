"""A family of binary tasks on the same channels: an episode draws one and is told which."""
