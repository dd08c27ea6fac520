"""Two processes train one model: they share the data work, and their weights stay equal."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from pathlib import Path
import torch
from accelerate import Accelerator
from bassnb.presets import SMOKE
from bassnb.training.autoencoder import train_autoencoder
from bassnb.training.diffusion import train_diffusion

root = Path(sys.argv[1])
def equal(model):
    mine = torch.cat([p.detach().flatten() for p in model.parameters()])[None]
    all_of_them = Accelerator(cpu=True).gather(mine)
    return len(all_of_them) == 2 and torch.equal(*all_of_them)

for stem in ("mix", "bass"):
    assert equal(train_autoencoder(SMOKE, stem, root / stem, cache=root / "cache", device="cpu", steps=12)), stem
system = train_diffusion(SMOKE, root / "diffusion", mix=root / "mix", bass=root / "bass", cache=root / "cache",
                         device="cpu", steps=4)
assert equal(system.unet), "diffusion"
"""


def test_weights_of_two_processes_stay_equal(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", script, tmp_path]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=200)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "diffusion" / "pretrained" / "model.safetensors").is_file()
    assert not list((tmp_path / "cache").glob("*.unfinished"))
