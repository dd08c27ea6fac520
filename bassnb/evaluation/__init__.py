"""Examinations of the whole system on songs it has never heard. Taught in chapter 9."""

from bassnb.extras import need

need("evaluate")
