"""`python -m tools.deb`: build the Debian package of lpr for a release and an architecture."""

import argparse
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tools.deb.targets import MACHINES, RELEASES, Target
from tools.deb.tree import lay_out, site_packages
from tools.deb.wheels import install_wheels

REPOSITORY = Path(__file__).resolve().parents[2]
COMPRESSION = ("-Zzstd", "-z9")
"""For every target: dpkg reads zstd since Bookworm, and a small board unpacks it in a fraction of xz's time.
At this level packing takes a fraction of xz's time as well; the file is a little larger."""


def version_of(repository: Path, target: Target, revision: int) -> str:
    """The package's version: a later release of Debian has the higher one, so an upgrade of it takes that."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"{project['version']}-{revision}~deb{target.number}"


def build(target: Target, out: Path, revision: int) -> Path:
    """Build a package.

    Args:
        target: for what.
        out: folder for the package; its work is kept there in a folder of the target's name.
        revision: of the package, among those of one version of lpr.

    Returns:
        The package's file.
    """
    version = version_of(REPOSITORY, target, revision)
    root = out / f"{target.release}-{target.arch}"
    if root.exists():
        shutil.rmtree(root)
    packages = site_packages(root, target)
    packages.mkdir(parents=True)
    install_wheels(REPOSITORY, target, packages)
    lay_out(root, target, version)
    return pack(root, out / f"lpr_{version}_{target.arch}.deb")


def pack(root: Path, file: Path) -> Path:
    """Make a package of a folder with this machine's dpkg-deb, whatever it is for; all of its files belong to root."""
    command = ["dpkg-deb", "--root-owner-group", *COMPRESSION, "--build", str(root), str(file)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return file


def main(argv: list[str] | None = None) -> int:
    """Build what was asked for, and print each package's path."""
    parser = argparse.ArgumentParser(prog="python -m tools.deb", description=__doc__)
    parser.add_argument("--release", choices=RELEASES, action="append", help="of Debian; all, unless given")
    parser.add_argument("--arch", choices=MACHINES, action="append", help="architecture; all, unless given")
    parser.add_argument("--revision", type=int, default=1, help="of the package (default: 1)")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "build/deb", help="folder for it (default: build/deb)")
    parsed = parser.parse_args(argv)
    if not shutil.which("dpkg-deb"):
        print("dpkg-deb is missing: apt install dpkg", file=sys.stderr)
        return 1
    for release in parsed.release or RELEASES:
        for arch in parsed.arch or MACHINES:
            file = build(Target(release, arch), parsed.out.resolve(), parsed.revision)
            print(f"{file}  {file.stat().st_size / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
