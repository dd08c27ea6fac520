"""The wide world of songs: more grooves, idioms, bass players and sounds than the first.

It shares the machinery of `bassnb.composer` (grid, harmony, comping, performance, score) and has
tables of its own. Taught in chapter 10.
"""
