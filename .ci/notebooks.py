"""Run chapters on a machine that they will be run on: Google Colab, or one with a GPU; both imitated.

    python .ci/notebooks.py --colab book/00_listen_first.ipynb   # from a folder that holds nothing else
    python .ci/notebooks.py --fake-gpu --tf32 book/05_ddim.ipynb # tensors that say they are on a GPU
    python .ci/notebooks.py --threads 1 book/*.ipynb

With --colab the set-up cell of the page finds `google.colab`, clones this checkout in place of the
published address, and installs the package into the environment that runs this. Prints seconds and
MB of each page; returns the number of pages with a cell that fails.
"""

import argparse
import contextlib
import os
import re
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = re.compile(r'REPOSITORY = "[^"]*"')
# runs in every kernel and program before anything else
START = """
import sys, types
from importlib.machinery import ModuleSpec
if {colab}:
    sys.modules["google.colab"] = types.ModuleType("google.colab")
    sys.modules["google.colab"].__spec__ = ModuleSpec("google.colab", None)  # libraries ask for it
if {gpu} and "pip" not in sys.argv[0]:
    sys.path.insert(0, {root!r})
    from tests import fakecuda
    fakecuda.install(tf32={tf32})
    sys.path.remove({root!r})
"""


@contextlib.contextmanager
def imitation(options):
    """The environment of a kernel on such a machine."""
    with tempfile.TemporaryDirectory() as folder:
        text = START.format(
            colab=options.colab, gpu=options.fake_gpu, tf32=options.tf32, root=str(ROOT)
        )
        (Path(folder) / "sitecustomize.py").write_text(text, encoding="utf-8")
        ours = [folder] if options.colab else [folder, str(ROOT)]
        paths = os.pathsep.join([*ours, *filter(None, [os.environ.get("PYTHONPATH")])])
        yield {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": str(options.threads)}


def run(path, options, environment):
    """Execute a page; returns the error of its first cell that fails or takes too long, or None."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as empty:
        place = Path(empty) if options.colab else path.parent
        if options.colab:
            shutil.copy(path, place)
            for cell in notebook.cells:
                cell.source = ADDRESS.sub(f'REPOSITORY = "{ROOT.as_uri()}"', cell.source, count=1)
        client = NotebookClient(
            notebook,
            timeout=options.seconds,
            kernel_name="python3",
            resources={"metadata": {"path": str(place)}},
        )
        try:
            client.execute(env=environment)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            return str(error)
        finally:
            if options.out:
                options.out.mkdir(parents=True, exist_ok=True)
                nbformat.write(notebook, options.out / path.name)
    return None


def main(arguments=None):
    """Run the pages one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", type=Path, nargs="+")
    parser.add_argument(
        "--colab", action="store_true", help="in an empty folder, by the set-up cell"
    )
    parser.add_argument("--fake-gpu", action="store_true", help="see tests/fakecuda.py")
    parser.add_argument("--tf32", action="store_true", help="convolutions with ten bits")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=int, default=900, help="for one cell")
    parser.add_argument("--out", type=Path, help="folder for the executed pages")
    options = parser.parse_args(arguments)
    failed = 0
    with imitation(options) as environment:
        for path in map(Path.resolve, options.pages):
            began = time.monotonic()
            error = run(path, options, environment)
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            state = "failed" if error else "ran"
            print(
                f"{path.name}: {state} in {time.monotonic() - began:.0f} s, {peak:.0f} MB",
                flush=True,
            )
            if error:
                print(error, file=sys.stderr)
            failed += bool(error)
    return failed


if __name__ == "__main__":
    sys.exit(main())
