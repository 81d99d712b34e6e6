"""Tasks that only a reward can teach."""
