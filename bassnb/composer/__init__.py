"""Generated songs: composed, rendered and written with their ground truth. Taught in chapter 10."""
