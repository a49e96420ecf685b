"""Power cuts during an update: a child process kills itself (SIGKILL) at one of its steps on the disk.

What the kernel has taken survives a SIGKILL; that it also survives a power cut is what the fsync before each rename is
for, which this doesn't show.
"""

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.model_repository import Device

STEPS = (
    *("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.chmod"),
    *("shutil.rmtree", "fcntl.flock"),
)
"""Audit events of Python that are steps on the disk."""


@dataclass(frozen=True)
class Cut:
    """What was found after a cut, and after the update that follows it."""

    step: int
    was_killed: bool
    release: int | None
    """Active after the cut."""
    works: bool
    """Whether its models, or those that come with lpr, give what they should."""
    then: int | None
    """Active after the next update."""
    then_works: bool


def count_steps(folder: Path, url: str, root: Path) -> int:
    """How many steps an update takes that nothing disturbs."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        steps = [0]
        _update(folder, url, root, lambda: steps.__setitem__(0, steps[0] + 1))
        os.write(writer, str(steps[0]).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as pipe:
        return int(pipe.read())


def cut_at(step: int, folder: Path, url: str, root: Path) -> Cut:
    """Kill an update at a step, and look at what is left; then update again."""
    child = os.fork()
    if child == 0:
        left = [step]

        def kill_at_step() -> None:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        _update(folder, url, root, kill_at_step)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    device = Device(folder, url, root)
    release, works = device.state.release, device.works()
    device.ask()
    return Cut(step, os.WIFSIGNALED(status), release, works, device.state.release, device.works())


def _update(folder: Path, url: str, root: Path, on_step: object) -> None:
    assert callable(on_step)
    is_on = [True]

    def hear(event: str, _: tuple[object, ...]) -> None:
        if is_on[0] and event in STEPS:
            on_step()

    sys.addaudithook(hear)
    Device(folder, url, root).ask()
    is_on[0] = False


def spread(steps: int, cuts: int) -> Iterator[int]:
    """Steps at which to cut, evenly over all of them."""
    yield from (round(number * (steps - 1) / max(1, cuts - 1)) for number in range(cuts))


def main(argv: list[str]) -> int:
    """Cut as often as is asked for, from release 1 to 2; prints a JSON object for each cut."""
    import json
    import shutil
    from dataclasses import asdict

    url, root, before, scratch, cuts = argv
    # A device of its own loads all modules, whose files would count as steps.
    shutil.copytree(before, Path(scratch, "first"))
    Device(Path(scratch, "first"), url, Path(root)).ask()
    shutil.copytree(before, Path(scratch, "counted"))
    steps = count_steps(Path(scratch, "counted"), url, Path(root))
    for number, step in enumerate(spread(steps, int(cuts))):
        folder = Path(shutil.copytree(before, Path(scratch, f"cut{number}")))
        print(json.dumps(asdict(cut_at(step, folder, url, Path(root)))), flush=True)
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
