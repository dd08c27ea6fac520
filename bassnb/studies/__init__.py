"""Studies of a model: `bassnb evaluate NAME` runs studies/NAME.py, writes results/NAME.json.

Taught in chapter 9.
"""

from bassnb.extras import need

need("evaluate")
