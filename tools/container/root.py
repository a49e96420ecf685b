"""A root file system in a folder, and programs that run in it as a container's do."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENTER = """
root=$1; shift
mount -t proc proc "$root/proc"
exec chroot "$root" "$@"
"""
ENTER_SEALED = """
root=$1 state=$2; shift 2
mount --bind "$root" "$root" && mount -o remount,bind,ro "$root"
mount --bind "$state" "$root/var/lib/lpr"
mount -t tmpfs tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
exec chroot "$root" "$@"
"""
"""As compose.yaml has it: the root can't be written, a volume for the state, memory for /tmp."""
POWERLESS = ("--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs")
"""`cap_drop: [ALL]` and `no-new-privileges` of compose.yaml."""


@dataclass(frozen=True)
class Root:
    """A folder that holds a root file system."""

    path: Path

    def copy_to(self, path: Path) -> "Root":
        """The same root once more, in a fresh folder."""
        shutil.rmtree(path, ignore_errors=True)
        subprocess.run(["cp", "-a", str(self.path), str(path)], check=True)
        return Root(path)

    def at(self, inside: str) -> Path:
        """Where one of its paths lies outside."""
        return self.path / inside.lstrip("/")

    def shell(self, command: str, workdir: str) -> None:
        """Run a shell's command line as root.

        Raises:
            CalledProcessError: it failed.
        """
        words = ["sh", "-ec", 'cd "$0"; eval "$1"', workdir, command]
        subprocess.run(self.command(words), check=True)

    def command(self, words: Sequence[str], variables: Sequence[str] = ()) -> list[str]:
        """The command that runs words in here as root, in mount and process namespaces that end with it."""
        environment = ["/usr/bin/env", "-i", f"PATH={PATH}", "LC_ALL=C.UTF-8", "HOME=/root", *variables]
        return ["unshare", "--mount", "--pid", "--fork", "sh", "-ec", ENTER, "sh", str(self.path), *environment, *words]

    def sealed_command(
        self, user: str, workdir: str, state: Path, words: Sequence[str], variables: Sequence[str]
    ) -> list[str]:
        """The command that runs words as an account without any power, on a root that it can't write.

        Args:
            user: the account.
            workdir: where it begins.
            state: the folder outside that is its /var/lib/lpr.
            words: program and arguments.
            variables: NAME=VALUE each.
        """
        environment = ["/usr/bin/env", "-i", f"PATH={PATH}", f"HOME={workdir}", *variables]
        account = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *POWERLESS]
        there = ["sh", "-ec", 'cd "$0"; exec "$@"', workdir]
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", ENTER_SEALED, "sh"]
        return [*enter, str(self.path), str(state), *account, *environment, *there, *words]
