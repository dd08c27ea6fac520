"""The house: a module imports only from floors below its own, and no circle exists."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "bassnb"
FLOORS = [
    {"errors"},
    {"layers", "checked", "files", "channels", "containers", "extras", "precisions"},
    {"settings", "schedules", "stored"},
    {"presets"},
    {"level", "plans", "waves"},
    {
        "audio",
        "spectral",
        "temperament",
        "diffusion",
        "attention",
        "guidance",
        "projected_guidance",
        "grounding",
        "outputs",
    },
    {
        "autoencoder",
        "critics",
        "unet",
        "sampling",
        "flow",
        "tracks",
        "windows",
        "devices",
        "pitch",
        "onsets",
    },
    {"checkpoints", "tuning", "denoiser", "sources"},
    {"composer"},
    {"collections", "harmony"},
    {"control"},
    {"take", "coder"},
    {"player"},
    {"accompanist"},
    {"metrics", "widgets", "batch", "app", "export"},
    {"training"},
    {"studies"},
    {"commands"},
    {"cli"},
]
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
WITHIN = {
    ("critics", "autoencoder"),  # a critic reads levels at the autoencoder's scale
}


def imports(path):
    """Names of the bassnb rooms that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = (
            [node.module]
            if isinstance(node, ast.ImportFrom)
            else [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else []
        )
        yield from (name.split(".")[1] for name in names if name and name.startswith("bassnb."))


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_imports_point_downwards(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room in ("__init__", "__main__"):
        return
    for other in imports(path):
        same_room = other == room
        assert same_room or FLOOR[other] < FLOOR[room] or (room, other) in WITHIN, (
            f"{room} imports {other}"
        )


def test_every_room_is_described_to_contributors():
    table = (PACKAGE.parent / "CONTRIBUTING.md").read_text()
    rooms = [path for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert [path.name for path in rooms if f"| `bassnb/{path.name}/`" not in table] == []


def test_every_room_has_a_floor():
    rooms = {
        path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in PACKAGE.rglob("*.py")
    }
    assert rooms - {"__init__", "__main__"} == set(FLOOR)
