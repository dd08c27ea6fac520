"""Metrics, one file each.

Taught in chapter 9.
"""

from bassnb.extras import need

need("evaluate")
