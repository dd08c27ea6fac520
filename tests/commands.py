"""All commands of the program, and the types of what each of them accepts."""

from typing import get_args, get_type_hints

import typer

from bassnb.cli import app


def commands(group=None, path=()):
    """(name, command) of all that can be run, such as ("train autoencoder", ...)."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def kinds(command):
    """(parameter, type) of options and arguments: int, float, str, Path or bool, without the
    `Annotated`, `Optional` and `list` around it.
    """
    hints = get_type_hints(command.callback)
    for parameter in command.params:
        hint = hints.get(parameter.name)
        while get_args(hint):
            hint = get_args(hint)[0]
        yield parameter, hint
