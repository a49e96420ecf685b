"""Client of a TUF repository of models: verifies signature, freshness, completeness and size of each file."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lpr_edge.base.private_files import make_private_folder
from lpr_edge.contract.base.errors import needing_extra
from lpr_edge.contract.base.text_files import read_bytes
from lpr_edge.contract.base.url import HttpUrl
from lpr_edge.contract.whole_files import sync_folder
from lpr_edge.updates.release import CHANNELS_TARGET, Channels, UpdateError, target_path

MAX_CHANNELS_BYTES = 1 << 20
MAX_RELEASE_BYTES = 256 << 20
"""Of all files of a release together."""
MAX_ROOT_BYTES = 512_000
SOCKET_TIMEOUT_S = 20
DOWNLOAD_S = 1800.0
"""Longest time for one file: a server that drips bytes holds nobody up for ever."""


class ModelRepository:
    """A repository at a URL, verified with the root metadata that this device trusts."""

    def __init__(self, url: HttpUrl, root: Path, folder: Path) -> None:
        """Load the trusted metadata; nothing is fetched yet.

        Args:
            url: of the repository: `metadata/` and `targets/` lie below.
            root: the pinned root metadata file.
            folder: where trusted metadata is kept from one check to the next.

        Raises:
            UpdateError: an extra is missing, or `root` can't be used.
        """
        tuf = load_tuf()
        try:
            pinned = read_bytes(root, MAX_ROOT_BYTES)
        except OSError as error:
            raise UpdateError(f"no root metadata at {root} ({error.strerror}): copy the publisher's there") from error
        self._metadata = folder / "metadata"
        make_private_folder(self._metadata)
        base = url.full.rstrip("/")
        try:
            self._updater = tuf.Updater(
                str(self._metadata),
                f"{base}/metadata/",
                target_base_url=f"{base}/targets/",
                fetcher=_limited_fetcher(tuf),
                bootstrap=pinned,
            )
        except tuf.RepositoryError as error:
            raise UpdateError(f"{root} is no root metadata that can be trusted: {_explain(error)}") from error
        self._tuf = tuf

    def fetch_channels(self, scratch: Path) -> Channels:
        """Refresh the metadata, and read which channel has which release.

        Args:
            scratch: folder for the download.

        Raises:
            UpdateError: the repository can't be reached, or isn't to be trusted.
        """
        self._do(self._updater.refresh)
        self._sync()
        return Channels.from_json(self._fetch(CHANNELS_TARGET, scratch / CHANNELS_TARGET, MAX_CHANNELS_BYTES))

    def fetch_release(self, number: int, names: tuple[str, ...], folder: Path) -> None:
        """Download a release's files, and wait until the disk has them.

        Args:
            number: of the release.
            names: of the files.
            folder: where they go.

        Raises:
            UpdateError: one can't be had, isn't the signed one, or all are too large.
        """
        left = MAX_RELEASE_BYTES
        for name in names:
            left -= len(self._fetch(target_path(number, name), folder / name, left))
        sync_folder(folder)

    def _fetch(self, target: str, path: Path, max_bytes: int) -> bytes:
        info = self._do(self._updater.get_targetinfo, target)
        if info is None:
            raise UpdateError(f"the repository has no {target}: publish it again")
        if info.length > max_bytes:
            raise UpdateError(f"{target} has {info.length} bytes, and {max_bytes} are the most: publish smaller models")
        self._do(self._updater.download_target, info, str(path))
        with path.open("rb") as file:
            os.fsync(file.fileno())
            return file.read()

    def _do(self, action: Any, *arguments: object) -> Any:
        tuf = self._tuf
        try:
            return action(*arguments)
        except tuf.RepositoryError as error:
            raise UpdateError(f"the repository isn't to be trusted: {_explain(error)}") from error
        except tuf.DownloadError as error:
            raise UpdateError(f"the repository can't be reached: {_explain(error)}") from error

    def _sync(self) -> None:
        """Wait until metadata are on disk: after a power failure, older metadata must not be accepted."""
        for path in (path for path in self._metadata.rglob("*") if path.is_file()):
            with path.open("rb") as file:
                os.fsync(file.fileno())
        for folder in {path.parent for path in self._metadata.rglob("*")}:
            sync_folder(folder)


class _Tuf:
    """The parts of python-tuf that are used."""

    def __init__(self) -> None:
        from tuf.api import exceptions
        from tuf.ngclient import Updater
        from tuf.ngclient.urllib3_fetcher import Urllib3Fetcher

        self.Updater = Updater
        self.Fetcher = Urllib3Fetcher
        self.RepositoryError = exceptions.RepositoryError
        self.DownloadError = exceptions.DownloadError
        self.SlowRetrievalError = exceptions.SlowRetrievalError


def load_tuf() -> _Tuf:
    """Import python-tuf, which is an extra.

    Raises:
        UpdateError: it isn't installed.
    """
    with needing_extra("--models", "python-tuf", "update", UpdateError):
        return _Tuf()


def _limited_fetcher(tuf: _Tuf) -> Any:
    class LimitedFetcher(tuf.Fetcher):  # type: ignore[name-defined,misc]  # a class of an extra
        """Ends a download that takes too long as a whole."""

        def _fetch(self, url: str) -> Iterator[bytes]:
            return self._limited(super()._fetch(url), time.monotonic() + DOWNLOAD_S)

        def _limited(self, chunks: Iterator[bytes], end: float) -> Iterator[bytes]:
            for chunk in chunks:
                if time.monotonic() > end:
                    raise tuf.SlowRetrievalError
                yield chunk

    return LimitedFetcher(socket_timeout=SOCKET_TIMEOUT_S, chunk_size=1 << 16)


def _explain(error: Exception) -> str:
    """An error of python-tuf and its cause in one line."""
    inner = error.__cause__
    said = str(error).strip() or type(error).__name__
    text = said if inner is None else f"{said} ({type(inner).__name__}: {inner})"
    return " ".join(text.split())[:300]
