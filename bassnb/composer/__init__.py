"""Songs from nothing: composed, rendered and kept with their ground truth. Taught in chapter 10."""
