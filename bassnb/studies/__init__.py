"""Experiments on a model: `bassnb evaluate NAME` runs studies/NAME.py and writes results/NAME.json.
Taught in chapter 9.
"""

from bassnb.extras import need

need("evaluate")
