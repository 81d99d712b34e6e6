"""Whether many solutions are one: distances, clusters, paths between them, flat directions."""
