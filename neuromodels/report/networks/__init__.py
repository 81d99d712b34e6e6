"""What is shown of a network of one's own: its progress, its tables, its page."""
