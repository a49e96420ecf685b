"""`lpr-export publish`: a signed repository of models, which devices update themselves from."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lpr_edge.updates.release import CHANNELS, Channels, target_path
from lpr_export.base.errors import ExportError
from lpr_export.repository.signed_metadata import LIFETIME_DAYS, ROLES
from lpr_export.repository.tuf_repository import KeyCount, TufRepository

FIRST_SHARE = 0.1
"""Of the devices that follow canary, where no other share was ever given."""
EPILOG = """\
REPO is a folder of static files that any web server can serve. Keep the keys of root and targets offline; `refresh`
needs those of snapshot and timestamp alone. Where LPR_KEY_PASSWORD is set, new key files are encrypted with it. Exit
status: 0 done; 1 nothing was published; 2 wrong usage.
"""


def build_publish_parser() -> argparse.ArgumentParser:
    """The command line of `lpr-export publish`."""
    parser = argparse.ArgumentParser(prog="lpr-export publish", description=__doc__, epilog=EPILOG)
    jobs = parser.add_subparsers(required=True, metavar="JOB")
    init = _add_job(jobs, "init", init_repository, "make keys, and a repository without releases")
    for role, usual in (("root", "2/3"), ("targets", "1/1")):
        text = f"{role} is signed with T of N keys (default: {usual})"
        init.add_argument(f"--{role}", type=_key_count, default=_key_count(usual), metavar="T/N", help=text)
    release = _add_job(jobs, "release", add_release, "publish model files as a new release, with a golden set")
    models = "a detector and a reader: .tflite files, .onnx files or both"
    release.add_argument("files", nargs="+", type=Path, metavar="FILE", help=models)
    golden = "pictures of plates for the golden set (default: frames of lpr's demo clip)"
    release.add_argument("--golden", type=Path, metavar="DIR", help=golden)
    release.add_argument("--channel", choices=CHANNELS, default="canary", help="who gets it (default: canary)")
    channel = _add_job(
        jobs, "channel", set_channel, "give a channel a published release, such as stable what canary has"
    )
    channel.add_argument("channel", choices=CHANNELS, help="which")
    channel.add_argument("release", type=int, metavar="N", help="number of the release")
    for parser_of_share in (release, channel):
        text = f"share of the devices that follow canary, 0 to 1 (default: as it was, {FIRST_SHARE} at first)"
        parser_of_share.add_argument("--share", type=_share, metavar="SHARE", help=text)
    refresh = _add_job(jobs, "refresh", refresh_repository, "renew the timestamp, before it expires")
    usual_days = LIFETIME_DAYS["timestamp"]
    text = f"days for which it holds (default: {usual_days})"
    refresh.add_argument("--days", type=_count, default=usual_days, metavar="N", help=text)
    rotate = _add_job(jobs, "rotate", rotate_keys, "replace the keys of a role; new ones go to the first --keys folder")
    rotate.add_argument("role", choices=ROLES, help="whose keys")
    _add_job(jobs, "show", show_repository, "print versions, expiry, releases and channels as JSON")
    return parser


def publish(arguments: argparse.Namespace) -> int:
    """Do what the words ask for; returns the exit status.

    Raises:
        LprError: it can't be done; nothing is published then.
    """
    try:
        arguments.act(arguments)
    except OSError as error:
        raise ExportError(f"the repository can't be written ({error}): nothing was published") from error
    return 0


def init_repository(arguments: argparse.Namespace) -> None:
    """Make keys and a repository."""
    counts = {"root": arguments.root, "targets": arguments.targets}
    TufRepository.create(arguments.repo, arguments.keys[0], counts)
    print(f"wrote {arguments.repo}, signed with the keys in {arguments.keys[0]}")
    root = arguments.repo / "metadata" / "1.root.json"
    print(f"next: copy {root} to each device, and name it there with --models-root", file=sys.stderr)


def add_release(arguments: argparse.Namespace) -> None:
    """Publish model files as a new release."""
    from lpr_export.repository.golden_release import make_golden

    repository = _open(arguments)
    before = repository.channels
    number = max(before.releases, default=0) + 1
    with tempfile.TemporaryDirectory(prefix="lpr-publish-") as scratch:
        golden = make_golden(arguments.files, Path(scratch), arguments.golden)
        files = {path.name: path for path in (*arguments.files, *golden)}
        releases = {**before.releases, number: tuple(files)}
        targets = {target_path(number, name): path for name, path in files.items()}
        repository.publish(targets, _assigned(replace(before, releases=releases), arguments, number))
    print(f"release {number} is published in the channel {arguments.channel}")


def set_channel(arguments: argparse.Namespace) -> None:
    """Give a channel another release."""
    repository = _open(arguments)
    before = repository.channels
    if arguments.release not in before.releases:
        known = ", ".join(map(str, sorted(before.releases))) or "none"
        raise ExportError(f"there is no release {arguments.release}: publish it first. There are: {known}")
    repository.publish({}, _assigned(before, arguments, arguments.release))
    print(f"the channel {arguments.channel} has release {arguments.release}")


def refresh_repository(arguments: argparse.Namespace) -> None:
    """Renew the timestamp."""
    repository = _open(arguments)
    repository.refresh(days=arguments.days)
    print(f"the timestamp holds until {repository.facts()['timestamp']['expires']}")


def rotate_keys(arguments: argparse.Namespace) -> None:
    """Replace the keys of a role."""
    old = _open(arguments).rotate(arguments.role, arguments.keys[0])
    print(
        f"{arguments.role} has new keys in {arguments.keys[0]}; these hold no longer: {', '.join(k[:12] for k in old)}"
    )


def show_repository(arguments: argparse.Namespace) -> None:
    """Print how the repository stands."""
    repository = _open(arguments)
    print(json.dumps({"roles": repository.facts(), **json.loads(repository.channels.to_json())}, indent=1))


def _open(arguments: argparse.Namespace) -> TufRepository:
    return TufRepository(arguments.repo, arguments.keys)


def _assigned(channels: Channels, arguments: argparse.Namespace, number: int) -> Channels:
    """The channels after one of them has got a release."""
    share = channels.canary_share or FIRST_SHARE if arguments.share is None else arguments.share
    if arguments.channel == "canary":
        return replace(channels, canary=number, canary_share=share)
    return replace(channels, stable=number, canary_share=share)


def _add_job(jobs: Any, name: str, act: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = jobs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.set_defaults(act=act)
    parser.add_argument("repo", type=Path, metavar="REPO", help="folder of the repository")
    keys = "folder of key files; give it again for each further one"
    parser.add_argument("--keys", type=Path, action="append", required=True, metavar="DIR", help=keys)
    return parser


def _key_count(text: str) -> KeyCount:
    threshold, _, count = text.partition("/")
    if not (threshold.isdecimal() and count.isdecimal() and 1 <= int(threshold) <= int(count) <= 20):
        raise argparse.ArgumentTypeError(f"{text!r} isn't such as 2/3: two of three keys must sign")
    return KeyCount(int(threshold), int(count))


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share between 0 and 1")
    return value


def _count(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 3650):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days between 1 and 3650")
    return int(text)
