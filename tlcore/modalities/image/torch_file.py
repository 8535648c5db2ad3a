"""Reads the tensors of a PyTorch weights file (the format before 1.6) without executing anything.

Such a file is a pickle program followed by raw numbers. Unpickling would run whatever the program names, so it is not
unpickled: the few operations that a table of tensors needs are interpreted here, three names of constructors are
understood as words, and everything else is refused. It knows files and numpy; it does not know which network they fit.
"""

from __future__ import annotations

import math
import pickletools
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from tlcore.errors import WeightsError

MAGIC = 0x1950A86A20F9469CFC6C  # torch's mark of the format
PROTOCOL = 1001
NUMBERS = {
    "torch HalfStorage": "<f2",
    "torch FloatStorage": "<f4",
    "torch DoubleStorage": "<f8",
    "torch LongStorage": "<i8",
    "torch IntStorage": "<i4",
}
DICTIONARY = "collections OrderedDict"
TENSOR = "torch._utils _rebuild_tensor_v2"
OPERATIONS = {operation.code: operation for operation in pickletools.opcodes}


@dataclass(frozen=True)
class _Name:
    """The name of something callable; never looked up."""

    text: str


@dataclass(frozen=True)
class _Storage:
    key: str
    kind: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Mark:
    pass


def read_state_dict(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read every named tensor of the file, in the file's order.

    Raises:
        WeightsError: The file cannot be read, is damaged, or asks for anything but tensors in a table.
    """
    try:
        with path.open("rb") as stream:
            size = path.stat().st_size
            if _interpret(stream) != MAGIC or _interpret(stream) != PROTOCOL:
                raise ValueError("it does not begin with PyTorch's mark")
            _interpret(stream)  # sizes of C types on the machine that wrote it
            table = _interpret(stream)
            keys = _interpret(stream)
            if not isinstance(table, dict) or not isinstance(keys, list):
                raise ValueError("it does not hold a table of tensors")
            tensors = {name: value for name, value in table.items() if isinstance(value, _Tensor)}
            if len(tensors) != len(table):
                raise ValueError("it holds something other than named tensors")
            storages = _read_storages(stream, keys, {tensor.storage for tensor in tensors.values()}, size)
        return {name: _array(tensor, storages) for name, tensor in tensors.items()}
    # A damaged program can fail in any of these ways; none of them has run anything.
    except (OSError, ValueError, KeyError, IndexError, TypeError, struct.error, OverflowError) as error:
        raise WeightsError(
            f"A weights file with named tensors is needed. {path.name} cannot be used: {error}. "
            f"Replace {path} with a fresh copy."
        ) from error


def _read_storages(stream: BinaryIO, keys: list[Any], wanted: set[_Storage], size: int) -> dict[str, npt.NDArray[Any]]:
    declared = {storage.key: storage for storage in wanted}
    if len(declared) != len(wanted):
        raise ValueError("two tensors disagree about one block of numbers")
    found: dict[str, npt.NDArray[Any]] = {}
    for key in keys:
        storage = declared[key]
        (count,) = struct.unpack("<q", stream.read(8))
        dtype = np.dtype(NUMBERS[storage.kind])
        if count != storage.count or count < 0 or count * dtype.itemsize > size - stream.tell():
            raise ValueError("a block of numbers is not as long as it should be")
        found[key] = np.frombuffer(stream.read(count * dtype.itemsize), dtype)
    return found


def _array(tensor: _Tensor, storages: dict[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    numbers = storages[tensor.storage.key]
    shape, strides = tensor.shape, tensor.strides
    if len(shape) != len(strides) or min((tensor.offset, *shape, *strides)) < 0:
        raise ValueError("a tensor has an impossible shape")
    last = tensor.offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
    # The first condition keeps reads inside the block, the second keeps stride 0 from growing a file without bound.
    if 0 not in shape and (last >= len(numbers) or math.prod(shape) > len(numbers)):
        raise ValueError("a tensor reaches beyond its numbers")
    bytes_apart = tuple(stride * numbers.itemsize for stride in strides)
    return np.lib.stride_tricks.as_strided(numbers[tensor.offset :], shape, bytes_apart).copy()


def _reduce(function: Any, arguments: Any) -> Any:
    if function == _Name(DICTIONARY) and arguments == ():
        return {}
    if function == _Name(TENSOR):
        storage, offset, shape, strides, *_ = arguments
        if not isinstance(storage, _Storage) or not all(type(n) is int for n in (offset, *shape, *strides)):
            raise ValueError("a tensor is described in an unknown way")
        return _Tensor(storage, offset, tuple(shape), tuple(strides))
    raise ValueError("it asks for something to be executed")


def _storage(description: Any) -> _Storage:
    word, kind, key, _device, count, _view = description
    if word != "storage" or not isinstance(kind, _Name) or kind.text not in NUMBERS:
        raise ValueError("numbers are of an unknown kind")
    if not isinstance(key, str) or type(count) is not int:
        raise ValueError("numbers are described in an unknown way")
    return _Storage(key, kind.text, count)


def _allowed(name: str) -> _Name:
    if name not in {DICTIONARY, TENSOR, *NUMBERS}:
        raise ValueError(f"it names {name!r}, which is not part of a table of tensors")
    return _Name(name)


class _Machine:
    """The stack and the memory of one program."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}

    def to_mark(self) -> list[Any]:
        """Take everything above the last mark, and the mark."""
        above: list[Any] = []
        while not isinstance(item := self.stack.pop(), _Mark):
            above.append(item)
        return above[::-1]

    def set_items(self, pairs: list[Any]) -> None:
        table = self.stack[-1]
        # Keys are text: hashing a tuple of tuples of tuples can be made to take for ever.
        if not isinstance(table, dict) or not all(isinstance(key, str) for key in pairs[::2]):
            raise ValueError("an entry is put into something that is not a table of names")
        table.update(zip(pairs[::2], pairs[1::2], strict=True))

    def append(self, items: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise ValueError("an item is put into something that is not a list")
        self.stack[-1].extend(items)

    def leave_aside(self) -> None:
        del self.stack[-1]

    def tuple_of(self, length: int) -> tuple[Any, ...]:
        items = tuple(self.stack[-length:])
        del self.stack[-length:]
        return items

    def reduce(self) -> Any:
        arguments = self.stack.pop()
        return _reduce(self.stack.pop(), arguments)


PUSH: dict[str, Callable[[_Machine, Any], Any]] = {
    "NONE": lambda _m, _a: None,
    "NEWTRUE": lambda _m, _a: True,
    "NEWFALSE": lambda _m, _a: False,
    "MARK": lambda _m, _a: _Mark(),
    "EMPTY_DICT": lambda _m, _a: {},
    "EMPTY_LIST": lambda _m, _a: [],
    "EMPTY_TUPLE": lambda _m, _a: (),
    "GLOBAL": lambda _m, a: _allowed(a),
    "TUPLE": lambda m, _a: tuple(m.to_mark()),
    "TUPLE1": lambda m, _a: m.tuple_of(1),
    "TUPLE2": lambda m, _a: m.tuple_of(2),
    "TUPLE3": lambda m, _a: m.tuple_of(3),
    "BINPERSID": lambda m, _a: _storage(m.stack.pop()),
    "REDUCE": lambda m, _a: m.reduce(),
    "BINGET": lambda m, a: m.memory[a],
    "LONG_BINGET": lambda m, a: m.memory[a],
} | {name: lambda _m, a: a for name in ("BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE", "BINFLOAT")}

CHANGE: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda _m, _a: None,
    "BINPUT": lambda m, a: m.memory.update({a: m.stack[-1]}),
    "LONG_BINPUT": lambda m, a: m.memory.update({a: m.stack[-1]}),
    "SETITEM": lambda m, _a: m.set_items(list(m.tuple_of(2))),
    "SETITEMS": lambda m, _a: m.set_items(m.to_mark()),
    "APPEND": lambda m, _a: m.append(list(m.tuple_of(1))),
    "APPENDS": lambda m, _a: m.append(m.to_mark()),
    "BUILD": lambda m, _a: m.leave_aside(),  # notes about versions
}


def _interpret(stream: BinaryIO) -> Any:
    """Run one program to its STOP and give the value that it leaves."""
    machine = _Machine()
    for name, argument in _operations(stream):
        if name in PUSH:
            machine.stack.append(PUSH[name](machine, argument))
        else:
            CHANGE[name](machine, argument)
    return machine.stack.pop()


def _operations(stream: BinaryIO) -> Iterator[tuple[str, Any]]:
    """The operations up to STOP; not even the argument of one that is not needed is looked at."""
    while True:
        operation = OPERATIONS.get(stream.read(1).decode("latin-1"))
        if operation is None:
            raise ValueError("it is damaged or cut short")
        if operation.name == "STOP":
            return
        if operation.name not in PUSH and operation.name not in CHANGE:
            raise ValueError(f"it uses the operation {operation.name}, which a table of tensors does not need")
        if operation.name == "GLOBAL":  # the two lines as they stand; the standard reader undoes escapes in them
            yield operation.name, b" ".join(stream.readline().removesuffix(b"\n") for _ in range(2)).decode("ascii")
        else:
            yield operation.name, operation.arg.reader(stream) if operation.arg else None
