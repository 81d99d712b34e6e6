"""What is left of what a network has learned, under noise and without some of its parts."""
