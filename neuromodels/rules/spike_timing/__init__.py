"""Rules that act at the times of spikes."""
