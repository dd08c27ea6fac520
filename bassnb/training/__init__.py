"""Training loops: explicit, resumable bit for bit, on Hugging Face accelerate.

Taught in chapter 10.
"""

from bassnb.extras import need

need("train")
