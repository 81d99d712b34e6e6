"""What found rules do, and how alike those of several searches are."""
