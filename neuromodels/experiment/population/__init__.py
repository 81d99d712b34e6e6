"""Many searched rules of one family: forms with few terms each, one compiled network per task."""
