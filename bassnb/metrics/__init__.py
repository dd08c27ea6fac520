"""What is measured: one measure a file. Taught in chapter 9."""

from bassnb.extras import need

need("evaluate")
