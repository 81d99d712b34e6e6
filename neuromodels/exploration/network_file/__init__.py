"""A study file of a network of one's own: read, checked at once, and carried out in a folder."""
