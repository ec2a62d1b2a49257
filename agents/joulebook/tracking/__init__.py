"""The tracker: energy of one piece of code, in its own process."""
