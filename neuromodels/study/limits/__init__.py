"""How much a study may say, and how much it may ask of this machine."""
