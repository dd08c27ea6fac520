"""Songs from disk: how collections of stems lie there, and the training pairs made of them. Taught
in chapter 10.
"""
