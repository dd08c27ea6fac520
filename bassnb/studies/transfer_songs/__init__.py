"""Songs that the composer did not write, for the transfer study. Taught in chapter 9."""
