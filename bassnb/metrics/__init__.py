"""What is measured: one measure a file. Taught in chapter 9."""
