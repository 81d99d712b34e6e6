"""Pictures of plain arrays: the look, what goes into one panel, and laying panels out."""
