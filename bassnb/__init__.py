"""bassnb: a bass line for your mix, by latent diffusion.

>>> from bassnb import Accompanist                                             # doctest: +SKIP
>>> bass = Accompanist.from_pretrained("classroom")("mix.flac", style="slap.flac", seed=0)   # doctest: +SKIP
>>> bass.save("bass.flac")                                                     # doctest: +SKIP

Each file of the package holds one idea; where a chapter of the book teaches it, the file says which.

Importing it sets one environment variable, GOMP_SPINCOUNT=1000, unless you have set that or
OMP_WAIT_POLICY yourself. It has an effect if torch is imported later: threads that wait for each
other then spin for microseconds before they sleep. libgomp's own 300,000 turns let two programs on
the same cores slow each other down many times over; it takes 1000 itself where it knows that there
are more threads than cores. Results do not depend on it.
"""

import os

if not {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & os.environ.keys():
    os.environ["GOMP_SPINCOUNT"] = "1000"

__version__ = "0.1.0"
__all__ = ["Accompaniment", "Accompanist", "BassnbError"]


def __getattr__(name: str):
    """Import the public names when they are first used, so that ``bassnb --help`` does not wait for
    torch.
    """
    if name == "BassnbError":
        from bassnb.errors import BassnbError

        return BassnbError
    if name == "Accompaniment":
        from bassnb.take import Accompaniment

        return Accompaniment
    if name == "Accompanist":
        from bassnb.accompanist import Accompanist

        return Accompanist
    raise AttributeError(f"module 'bassnb' has no attribute {name!r}")
