"""Collections of recorded songs on disk, and the training pairs made of them.

Taught in chapter 10.
"""
