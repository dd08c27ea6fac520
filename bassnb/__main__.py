"""``python -m bassnb`` is the command ``bassnb``."""

from bassnb.cli import app

if __name__ == "__main__":
    app(prog_name="bassnb")
