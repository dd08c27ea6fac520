"""Run chapters on a machine that they will be run on: Google Colab, or one with a GPU; both imitated.

    python .ci/notebooks.py --colab book/00_listen_first.ipynb   # from a folder that holds nothing else
    python .ci/notebooks.py --fake-gpu --tf32 book/05_ddim.ipynb # tensors that say they are on a GPU
    python .ci/notebooks.py --threads 1 book/*.ipynb

With --colab the set-up cell of the page finds `google.colab`, clones this checkout in place of the
published address, and installs the package into the environment that runs this; Google Drive is an
empty folder. Prints the seconds of each page and, on Linux, the most memory that its kernel took;
returns the number of pages with a cell that fails.
"""

import argparse
import contextlib
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = re.compile(r'REPOSITORY = "[^"]*"')
# runs in every kernel and program before anything else
START = """
import os, sys, types
from importlib.machinery import ModuleSpec
if {colab}:
    colab = sys.modules["google.colab"] = types.ModuleType("google.colab")
    colab.__spec__ = ModuleSpec("google.colab", None)  # libraries ask for it
    colab.drive = types.SimpleNamespace()
    colab.drive.mount = lambda place: os.makedirs(place + "/MyDrive", exist_ok=True)
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


class Kernel(AsyncKernelManager):
    """A kernel that leaves behind how many MB it has held at most, without the programs it ran.

    Linux counts them until the kernel ends; elsewhere, and of a kernel that died, it is nan.
    """

    peak = float("nan")

    async def shutdown_kernel(self, *args, **kwargs):
        status = Path(f"/proc/{self.provisioner.pid}/status")
        if status.is_file():
            self.peak = int(re.search(r"VmHWM:\s*(\d+) kB", status.read_text())[1]) / 1024
        await super().shutdown_kernel(*args, **kwargs)


def run(path, options, environment):
    """Execute a page.

    Returns the error of its first cell that fails or takes too long, or None, and its MB.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as empty:
        place = Path(empty) if options.colab else path.parent
        if options.colab:
            shutil.copy(path, place)
            for cell in notebook.cells:
                cell.source = ADDRESS.sub(f'REPOSITORY = "{ROOT.as_uri()}"', cell.source, count=1)
        client = NotebookClient(
            notebook,
            kernel_manager_class=Kernel,
            kernel_name="python3",
            timeout=options.seconds,
            resources={"metadata": {"path": str(place)}},
        )
        kernel, error = client.create_kernel_manager(), None
        try:
            client.execute(env=environment)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as failure:
            error = str(failure)
        finally:
            if options.out:
                options.out.mkdir(parents=True, exist_ok=True)
                nbformat.write(notebook, options.out / path.name)
    return error, kernel.peak


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
            error, peak = run(path, options, environment)
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
