"""What a batch keeps for its users: what monitors saw, and its state in a file."""
