"""What the player decides: chords, regions, a line of his own, notes out. Taught in chapter 11."""
