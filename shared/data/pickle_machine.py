"""The machine that a pickle is a program for, as far as files of arrays need it.

It knows numbers, texts, bytes, tuples and lists, and the few names that it is given. It has no dictionaries and no
sets, for which something of the file's choosing would be hashed or compared; and each step takes bounded time and
memory, so that a bound on the steps is one on all of it.
"""

import pickletools
from collections.abc import Callable, Mapping
from typing import Any, Protocol

_MOST_STEPS = 10_000  # a file of six arrays has about 100
_MARK = object()

Name = tuple[str, str]  # module, and what is in it


class Buildable(Protocol):
    """What a name may make, and a program may then give a state."""

    def set_state(self, state: Any) -> None: ...


class Called:
    """A name that a program may call, and do nothing else with."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self.make = make


def run(data: bytes, names: Mapping[Name, Called | None], kinds: tuple[type[Buildable], ...]) -> Any:
    """Return what the program in `data` leaves on its stack.

    names: all that it may ask for.  kinds: of what is made by them, those that may be given a state.
    Nearly any error may be raised for a program that is damaged or does anything else.
    """
    machine = _Machine(names, kinds)
    for count, (opcode, argument, place) in enumerate(pickletools.genops(data)):
        if count > _MOST_STEPS:
            raise ValueError(f"it is a program of more than {_MOST_STEPS} steps")
        if opcode.name == "STOP":
            if len(machine.stack) != 1 or (place or 0) + 1 != len(data):
                raise ValueError("more follows its end, or is left there")
            return machine.stack[0]
        machine.step(opcode.name, argument)
    raise ValueError("it has no end")


class _Machine:
    def __init__(self, names: Mapping[Name, Called | None], kinds: tuple[type[Buildable], ...]) -> None:
        self._names, self._kinds = names, kinds
        self.stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        """Take a step.  Raises ValueError for one that no file of arrays has."""
        stack = self.stack
        if name in _VALUES:
            stack.append(argument)
            return
        match name:
            case "PROTO" | "FRAME":
                pass
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[name])
            case "MARK":
                stack.append(_MARK)
            case "EMPTY_TUPLE":
                stack.append(())
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(name[-1])
                stack[-count:] = [tuple(self._last(count))]
            case "TUPLE":
                stack.append(tuple(self._since_mark()))
            case "EMPTY_LIST":
                stack.append([])
            case "LIST":
                stack.append(self._since_mark())
            case "APPEND":
                self._extend([self._pop()])
            case "APPENDS":
                self._extend(self._since_mark())
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = self._last(1)[0]
            case "MEMOIZE":
                self._memo[len(self._memo)] = self._last(1)[0]
            case "GET" | "BINGET" | "LONG_BINGET":
                stack.append(self._memo[argument])
            case "GLOBAL":
                module, _, what = argument.partition(" ")
                stack.append(self._named(module, what))
            case "STACK_GLOBAL":
                what, module = self._pop(), self._pop()
                stack.append(self._named(module, what))
            case "REDUCE":
                arguments, called = self._pop(), self._pop()
                if not isinstance(called, Called) or not isinstance(arguments, tuple):
                    raise ValueError("it calls what it may not")
                stack.append(called.make(*arguments))
            case "BUILD":
                state, made = self._pop(), self._last(1)[0]
                if not isinstance(made, self._kinds):
                    raise ValueError("it changes what it may not")
                made.set_state(state)
            case _:
                raise ValueError(f"it does what no file of arrays does ({name})")

    def _named(self, module: Any, what: Any) -> Any:
        if not (isinstance(module, str) and isinstance(what, str)) or (module, what) not in self._names:
            raise ValueError(f"it asks for {str(module)[:40]}.{str(what)[:40]}")
        return self._names[module, what]

    def _last(self, count: int) -> list[Any]:
        """Return the topmost values, none of which may be a mark."""
        found = self.stack[-count:]
        if len(found) < count or any(each is _MARK for each in found):
            raise ValueError("its stack is empty")
        return found

    def _pop(self) -> Any:
        (found,) = self._last(1)
        del self.stack[-1]
        return found

    def _since_mark(self) -> list[Any]:
        """Take what is above the last mark off the stack, and the mark."""
        for place in range(len(self.stack) - 1, -1, -1):
            if self.stack[place] is _MARK:
                found = self.stack[place + 1 :]
                del self.stack[place:]
                return found
        raise ValueError("it has no mark")

    def _extend(self, more: list[Any]) -> None:
        (target,) = self._last(1)
        if not isinstance(target, list):
            raise ValueError("it appends to what is no list")
        target += more


_VALUES = frozenset(
    (
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    )
)
