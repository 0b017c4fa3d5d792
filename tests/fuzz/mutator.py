"""Changes to inputs that know what they are made of: bits and bytes, numbers, texts, JSON, archives."""

import io
import json
import random
import re
import zipfile
from collections.abc import Sequence
from typing import Any

_NUMBERS = (  # at the limits of what somebody may have thought of
    *(b"0", b"-1", b"1", b"2", b"255", b"256", b"65536", b"2147483648", b"4294967295", b"9223372036854775807"),
    *(b"18446744073709551616", b"1e308", b"1e999", b"-1e308", b"1e-320", b"nan", b"inf", b"-0.0", b"0.5", b"9" * 400),
    b"9" * 5000,
)
_TEXTS = (
    *(b"", b"\0", b"\xff", b"\xed\xa0\x80", b"\x1b[31m", "‮".encode(), b"\r\n", b"\n", b"\r", b"'", b'"', b"\\"),
    *(b"," * 50, b"[" * 2000, b"{" * 500, b"x" * 3000, b"../" * 20, b"NaN", b"true", b"null", b"%s%n", b"%"),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**63, 2**64, 10**400, 0.5, 1e308, float("nan"), float("inf"), -0.0),
    *("", "x", "\x1b[2J", "‮", "\0", "9" * 400, "x" * 3000, [], {}, [[]], [1], ["x"], {"kind": "x"}, {"": 0}),
)
_LIMITS = (0, 1, 2, 127, 128, 255, 256, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
_LONGEST = 200_000  # bytes that come of a mutation at most
_NUMBER = re.compile(rb"-?\d+(\.\d+)?")


def mutated(content: bytes, dice: random.Random, others: Sequence[bytes] = (), tokens: Sequence[bytes] = ()) -> bytes:
    """Return the content with one or several changes.

    others: inputs of which parts may be taken.  tokens: what such inputs are made of.
    """
    for _ in range(min(8, 1 + int(dice.expovariate(0.9)))):
        content = _changed(content, dice, others, tokens)
    return content[:_LONGEST]


def _changed(content: bytes, dice: random.Random, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    if content[:4] == b"PK\3\4" and dice.random() < 0.6:
        return _changed_archive(content, dice, others, tokens)
    if content[:1] in (b"{", b"[") and dice.random() < 0.7:
        return _changed_json(content, dice, others)
    return _changed_bytes(content, dice, others, tokens)


def _changed_bytes(content: bytes, dice: random.Random, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    start = dice.randrange(len(content) + 1)
    stop = min(len(content), start + dice.choice((0, 1, 1, 2, 4, 8, 64)))
    before, part, after = content[:start], content[start:stop], content[stop:]
    match dice.randrange(12):
        case 0 if part:
            return before + bytes([part[0] ^ (1 << dice.randrange(8))]) + content[start + 1 :]
        case 1:
            return before + dice.randbytes(len(part)) + after
        case 2:
            return before + after
        case 3:
            return before + part * dice.choice((2, 2, 3, 50, 1000)) + after
        case 4:
            return before + dice.choice((b"\0", b"\xff")) * len(part) + after
        case 5:
            return before
        case 6:
            return before + dice.choice(_TEXTS) + after
        case 7 if tokens:
            return before + dice.choice(tokens) + after
        case 8 if others:
            other = dice.choice(others)
            return before + other[dice.randrange(len(other) + 1) :]
        case 9:
            size = dice.choice((1, 2, 4, 8))
            number = dice.choice(_LIMITS) % 256**size
            return before + number.to_bytes(size, dice.choice(("little", "big"))) + content[start + size :]
        case 10 if found := [*_NUMBER.finditer(content[:_LONGEST])]:
            number = dice.choice(found)
            return content[: number.start()] + dice.choice(_NUMBERS) + content[number.end() :]
        case 11:
            lines = content.split(b"\n")
            one, two = dice.randrange(len(lines)), dice.randrange(len(lines))
            lines[one] = lines[two]
            return b"\n".join(lines)
    return before + dice.randbytes(dice.randint(1, 4)) + after


def _changed_json(content: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    """Change a value of a JSON, perhaps of one of its lines."""
    lines = content.split(b"\n")
    number = dice.randrange(len(lines))
    try:
        found = json.loads(lines[number] if lines[number].strip() else content)
        places = [*_places(found)]
        if not places:
            raise ValueError
        holder, key = dice.choice(places)
        match dice.randrange(6):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[dice.choice(("", "kind", "x", "\x1b[1m", "x" * 300))] = dice.choice(_VALUES)
            case 1 | 2:
                holder[key] = [holder[key]] * dice.choice((1, 2, 300))
            case 3:
                other, place = dice.choice(places)
                holder[key] = json.loads(json.dumps(other[place]))
            case _:
                holder[key] = dice.choice(_VALUES)
        text = json.dumps(found).encode()
    except (ValueError, LookupError, RecursionError):
        return _changed_bytes(content, dice, others, ())
    if lines[number].strip():
        lines[number] = text
        return b"\n".join(lines)
    return text


def _places(found: Any) -> list[tuple[Any, Any]]:
    """Return each place in a JSON: what holds it, and the key there."""
    left, places = [found], list[tuple[Any, Any]]()
    while left and len(places) < 2000:
        holder = left.pop()
        keys = [*holder] if isinstance(holder, dict) else [*range(len(holder))] if isinstance(holder, list) else []
        places += [(holder, key) for key in keys]
        left += [holder[key] for key in keys]
    return places


def _changed_archive(content: bytes, dice: random.Random, others: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """Change what is in an archive, whose checksums then are right again."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > _LONGEST:
                raise ValueError
            members = {member.filename: archive.read(member) for member in archive.infolist()}
        name = dice.choice([*members])
        match dice.randrange(8):
            case 0:
                del members[name]
            case 1:
                members[dice.choice((name[:-5] + "z.npy", "x_1.npy", "\x1b[1m.npy", "../x.npy"))] = members.pop(name)
            case 2:
                members[name] = members[dice.choice([*members])]
            case 3 | 4:  # its head: type, order and shape
                head = members[name][:128]
                members[name] = _changed_bytes(head, dice, (), _HEADS)[:_LONGEST] + members[name][128:]
            case _:
                members[name] = mutated(members[name], dice, (), tokens)
        file = io.BytesIO()
        packed = zipfile.ZIP_DEFLATED if dice.random() < 0.1 else zipfile.ZIP_STORED
        with zipfile.ZipFile(file, "w", packed) as archive:
            for each, its in members.items():
                archive.writestr(zipfile.ZipInfo(each), its, packed)
        return file.getvalue()
    except Exception:  # whatever zipfile raises for one that is damaged already
        return _changed_bytes(content, dice, others, tokens)


_HEADS = (
    *(b"'<f4'", b"'<f8'", b"'|O'", b"'|V0'", b"'<U0'", b"'<U9'", b"'|S3'", b"'<M8[s]'", b"'<c8'", b"'>i8'", b"True"),
    *(b"(0,)", b"()", b"(3,)", b"(-1,)", b"(1, 0)", b"(1000000000, 1000000000)", b"(4611686018427387904,)"),
    *(b"'fortran_order': ", b"'descr': ", b"'shape': ", b"[('a', '<f4')]"),
)
