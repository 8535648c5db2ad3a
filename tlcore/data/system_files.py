"""Which files systems, NAS devices and programs made beside a person's own.

It knows names and the shape of folders. It does not open files.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from tlcore.modalities import NOUN, SUFFIXES

REASON = f"The operating system made this file; it is not a {NOUN.one} of yours."

_FOLDERS = (
    # NAS devices: Synology, QNAP, Western Digital, NetApp
    "@eadir", "@synoresource", "@synoeastream", "@tmp", "#recycle", "#snapshot", "@recycle", "@recently-snapshot",
    ".@__thumb", ".@__qini", ".streams", ".wdmc", ".snapshot", ".snapshots", ".zfs", "network trash folder",
    # macOS and Windows
    "__macosx", ".spotlight-v100", ".fseventsd", ".documentrevisions-v100", ".temporaryitems", "temporary items",
    ".appledouble", ".appledb", ".appledesktop", ".trashes", ".trash", "$recycle.bin", "recycler", "recycled",
    "system volume information", "$windows.~bt", "msocache",
    # Linux and Android
    "lost+found", "lost.dir", ".thumbnails", ".thumbs", ".thumb", ".xvpics", ".cache", ".android_secure",
    ".globaltrash",
    # Programs
    ".git", ".svn", ".hg", ".bzr", ".dvc", ".idea", ".vscode", ".vs", ".ipynb_checkpoints", "__pycache__", ".venv",
    ".mypy_cache", ".pytest_cache", ".ruff_cache", "node_modules", ".picasaoriginals", ".dropbox.cache", ".stfolder",
    ".stversions", ".tmp.drivedownload", ".tmp.driveupload", ".sync", ".huggingface",
)  # fmt: skip
_FILES = (
    ".ds_store", ".localized", ".apdisk", ".volumeicon.icns", "icon\r", "thumbs.db", "ehthumbs.db",
    "ehthumbs_vista.db", "desktop.ini", "zbthumbnail.info", ".directory", ".nomedia", ".picasa.ini", "picasa.ini",
    ".dropbox", ".stignore", ".gitignore", ".gitattributes", ".gitkeep", ".gitmodules", "sync.ffs_db", ".sync.ffs_db",
    "autorun.inf", "pagefile.sys", "hiberfil.sys",
)  # fmt: skip
_NAMES = frozenset((*_FOLDERS, *_FILES))
_PATTERN = re.compile(
    r"\._.*|~\$.*|\.~lock\..*#|\.trash-\d+|\.trashed-.*|\.pending-.*|\.fuse_hidden.*|\.nfs[0-9a-f]{8,}|syno(?:photo|file)_thumb.*"
    r"|thumbs\.db:.*|icon[\r\uf00d]|\.owncloudsync.*|\.nextcloudsync.*|\._sync_.*|found\.\d{3}",
    re.DOTALL,
)


def names_of(paths: Sequence[PurePosixPath]) -> tuple[list[PurePosixPath], list[tuple[str, str]]]:
    """Leave out what systems made: give the other files, and those left out with the reason."""
    made = system_files(paths)
    return [path for path in paths if path not in made], [(str(path), REASON) for path in paths if path in made]


def made_by_system(path: PurePosixPath) -> bool:
    """Whether a path has a name in it that only systems and programs give."""
    return any(_is_known(part) for part in path.parts)


def system_files(paths: Sequence[PurePosixPath]) -> set[PurePosixPath]:
    """The files that a system or a program made, and hidden ones.

    A folder that begins with a dot is one of a person's own where it holds items as the folders beside it do, such
    as the class `.NET`.
    """
    hidden = [path for path in paths if any(part.startswith(".") for part in path.parts)]
    own = _dotted_classes(hidden, paths) if any(path.parent.parts for path in hidden) else set()

    def is_systems(path: PurePosixPath) -> bool:
        if made_by_system(path) or path.name.startswith("."):
            return True
        return any(folder.name.startswith(".") and folder not in own for folder in path.parents)

    known = {path for path in hidden if is_systems(path)}
    return known | {path for path in paths if path not in known and made_by_system(path)}


def _is_known(name: str) -> bool:
    small = name.casefold()
    return small in _NAMES or _PATTERN.fullmatch(small) is not None


def _dotted_classes(hidden: Iterable[PurePosixPath], paths: Iterable[PurePosixPath]) -> set[PurePosixPath]:
    """The folders beginning with a dot that hold items as deep below them as a folder beside them does."""
    dotted = {
        folder
        for path in hidden
        for folder in path.parents
        if folder.name.startswith(".") and not _is_known(folder.name)
    }
    parents = {folder.parent for folder in dotted}
    depths: dict[PurePosixPath, set[int]] = defaultdict(set)
    names: dict[PurePosixPath, set[str]] = defaultdict(set)
    for path in paths:
        if path.suffix.casefold() not in SUFFIXES or path.name.startswith(".") or made_by_system(path):
            continue
        names[path.parent].add(path.stem)
        for depth, folder in enumerate(path.parents, start=1):
            if folder.parts and folder.parent in parents:
                depths[folder].add(depth)
    beside: dict[PurePosixPath, list[PurePosixPath]] = defaultdict(list)
    for folder in depths:
        beside[folder.parent].append(folder)

    def is_class(folder: PurePosixPath) -> bool:
        # Small copies of the items that lie beside the folder are no class.
        copies = names[folder] & names.get(folder.parent, set())
        if len(copies) * 2 > len(names[folder]):
            return False
        return any(depths[folder] & depths[other] for other in beside[folder.parent] if other != folder)

    return {folder for folder in dotted if depths.get(folder) and is_class(folder)}
