"""What a Debian package is built for: a release's Python, and an architecture's wheels."""

from dataclasses import dataclass

RELEASES = {"bookworm": (12, "3.11", 36), "trixie": (13, "3.13", 41)}
"""Debian's name -> its number, its Python, and the minor version of its glibc."""
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""Debian's name of an architecture -> the kernel's."""
GLIBCS = (17, 24, 26, 27, 28, 31, 34, 35, 36, 38, 39, 40, 41)
"""Minor versions of glibc that wheels are built for."""


@dataclass(frozen=True)
class Target:
    """A release of Debian on an architecture."""

    release: str
    """As in RELEASES."""
    arch: str
    """As in MACHINES."""

    @property
    def number(self) -> int:
        """Debian's version."""
        return RELEASES[self.release][0]

    @property
    def python(self) -> str:
        """Version of the release's Python, such as 3.11."""
        return RELEASES[self.release][1]

    @property
    def next_python(self) -> str:
        """The first version that the wheels don't serve."""
        major, minor = self.python.split(".")
        return f"{major}.{int(minor) + 1}"

    @property
    def machine(self) -> str:
        """The architecture as the kernel and wheels name it."""
        return MACHINES[self.arch]

    def pip_flags(self) -> list[str]:
        """What lets pip choose wheels for this target, wherever it runs."""
        abi = f"cp{self.python.replace('.', '')}"
        flags = ["--only-binary=:all:", "--implementation", "cp", "--python-version", self.python]
        for name in (abi, "abi3", "none"):
            flags += ["--abi", name]
        platforms = [f"manylinux_2_{minor}" for minor in GLIBCS if minor <= RELEASES[self.release][2]]
        for platform in (*platforms, "manylinux2014"):
            flags += ["--platform", f"{platform}_{self.machine}"]
        return flags

    def markers(self) -> dict[str, str]:
        """The environment markers of PEP 508 in which this target differs from where the package is built."""
        return {
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
            "platform_machine": self.machine,
            "sys_platform": "linux",
            "platform_system": "Linux",
        }
