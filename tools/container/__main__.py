"""`python -m tools.container`: what Containerfile and compose.yaml say, done in plain roots of Debian.

No engine is needed. Debian's own Python stands in for that of the image python:3.11-slim-bookworm, Debian's mosquitto
for eclipse-mosquitto. Needs root, debootstrap, iproute2 and curl, and a network.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tools.container.build import Built, build
from tools.container.composed import SEALED, broker_root, run_composed
from tools.container.root import Root
from tools.demo_events import compared, demo_events, own_events

REPOSITORY = Path(__file__).resolve().parents[2]
RESULT = Path("benchmarks/results/container.jsonl")
TOOLS = ("debootstrap", "unshare", "setpriv", "ip", "curl")
OF_THE_NETWORK = ("/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt")
"""What this machine knows of its network: name servers, and whom it trusts."""
BASE = "python3,python3-venv,ca-certificates"

Line = dict[str, str]


class NotSoError(Exception):
    """Something isn't as the files say."""


def base_root(work: Path) -> Root:
    """Bookworm with Python, in place of python:3.11-slim-bookworm; made once."""
    root = Root(work / "base")
    if not root.path.exists():
        mirror = [os.environ["DEBIAN_MIRROR"]] if "DEBIAN_MIRROR" in os.environ else []
        part = root.path.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        words = ["debootstrap", "--variant=minbase", f"--include={BASE}", "bookworm", str(part), *mirror]
        subprocess.run(words, check=True, stdout=sys.stderr)
        part.rename(root.path)
    python = root.at("usr/local/bin/python")
    if not python.is_symlink():
        python.symlink_to("/usr/bin/python3")
    for name in OF_THE_NETWORK:
        shutil.copyfile(name, root.at(name))
    root.at("etc/pip.conf").write_text(f"[global]\ncert = {OF_THE_NETWORK[1]}\n", encoding="utf-8")
    return root


def expect(what: str, holds: bool) -> None:
    """Go on where something holds.

    Raises:
        NotSoError: it doesn't.
    """
    if not holds:
        raise NotSoError(f"not so: {what}")


def check_image(built: Built) -> str:
    """What the last stage has and hasn't."""
    python = built.root.at("opt/lpr/bin/python")
    expect("an environment", python.is_symlink())
    expect("no pip and no source", not built.root.at("opt/lpr/bin/pip").exists() and not built.root.at("src").exists())
    size = subprocess.run(["du", "-sm", str(python.parents[1])], capture_output=True, text=True, check=True).stdout
    return f"{len(built.commands)} RUN steps of 2 stages; no pip, no source; {size.split()[0]} MB in /opt/lpr"


def check_demo(built: Built, state: Path) -> str:
    """The image's demo, sealed as compose.yaml seals it, gives the same events as here."""
    words = [*built.entrypoint, "--demo"]
    command = built.root.sealed_command(built.user, built.workdir, state, words, [])
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    are_same, line = compared(demo_events(printed), own_events())
    expect(line, are_same)
    return line


def check_sealed(built: Built, state: Path) -> str:
    """The account has no capability, and writes its volume and /tmp alone."""
    command = built.root.sealed_command(built.user, built.workdir, state, ["sh", "-c", SEALED], [])
    expect("sealed", subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0)
    return "no capabilities; / and /opt/lpr can't be written, /tmp and /var/lib/lpr can"


def check_composed(built: Built, base: Root, work: Path, state: Path) -> str:
    """Both services: events arrive at the broker, and the page wants its token."""
    seen = run_composed(built, broker_root(base, work), REPOSITORY / "compose.yaml", state)
    expect(
        f"the page's 401 and 200: {seen.without_token}, {seen.with_token}",
        (seen.without_token, seen.with_token) == ("401", "200"),
    )
    expect(f"events at the broker: {seen.published}", seen.published > 0)
    expect(f"exit status 0 and a store: {seen}", seen.exit_status == 0 and seen.store_bytes > 0)
    page = "the page answers 401 without the token and 200 with it"
    return f"{seen.published} events at the broker; {page}; {seen.store_bytes} bytes in plates.db"


def tried(lines: list[Line], step: str, command: str, check: Callable[[], str]) -> None:
    """Note what a check says, and whether it failed."""
    try:
        status, seen = "passed", check()
    except (NotSoError, OSError, subprocess.SubprocessError) as error:
        status, seen = "failed", str(error)
    print(f"{step}: {status}: {seen}", file=sys.stderr)
    lines.append({"step": step, "command": command, "status": status, "seen": seen})


def main(argv: list[str] | None = None) -> int:
    """Do all of it; 1 where something isn't as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tools.container", description=__doc__)
    parser.add_argument("--work", type=Path, default=REPOSITORY / "build/container", help="folder for the roots")
    parser.add_argument("--json", type=Path, default=REPOSITORY / RESULT, help="file of results")
    arguments = parser.parse_args(argv)
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing or os.geteuid() != 0:
        print(f"run it as root, with {', '.join(TOOLS)}; missing: {', '.join(missing) or 'root'}", file=sys.stderr)
        return 1
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    base = base_root(work)
    built = build(REPOSITORY / "Containerfile", base, work)
    state = work / "state"
    shutil.rmtree(state, ignore_errors=True)
    shutil.copytree(built.root.at("var/lib/lpr"), state)
    account = built.root.at("var/lib/lpr").stat()
    os.chown(state, account.st_uid, account.st_gid)
    lines: list[Line] = []
    tried(lines, "build", "podman build -t lpr .", lambda: check_image(built))
    tried(lines, "demo", "podman run --rm lpr --demo", lambda: check_demo(built, state))
    tried(lines, "sealed", "read_only, tmpfs, cap_drop, no-new-privileges", lambda: check_sealed(built, state))
    tried(lines, "compose", "podman compose up", lambda: check_composed(built, base, work, state))
    arguments.json.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return int(any(line["status"] != "passed" for line in lines))


if __name__ == "__main__":
    sys.exit(main())
