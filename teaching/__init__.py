"""Editions of the book for a class: what students get, what instructors get, slides, marks."""
