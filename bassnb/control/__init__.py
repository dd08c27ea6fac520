"""What the player decides: chords, regions, a line of one's own, a loop, notes. Taught in chapter
11.
"""
