"""The root of every error that bassnb raises on purpose.

Each domain has one exception type, defined beside its code and derived from this one:
`AudioError`, `CheckpointError`, `AccompanimentError`, `DataError`, `TrainingError`. The message is one
sentence: what is wrong with which input, and what to do. The command line prints exactly that
sentence and exits with status 2.
"""


class BassnbError(ValueError):
    """Base of all errors a user can cause; its message is one sentence that says what to do."""
