"""The tree that decides the bits of a sum."""

from shared.parallel.sgd import tree_sum


class Term(str):
    def __add__(self, other: str) -> "Term":
        return Term(f"({self!s}+{other!s})")


def tree_of(count: int) -> str:
    return tree_sum(lambda number: Term(number), 0, count)  # type: ignore[arg-type,return-value]


def test_the_tree_pairs_neighbours():
    assert tree_of(1) == "0"
    assert tree_of(4) == "((0+1)+(2+3))"
    assert tree_of(5) == "(((0+1)+(2+3))+4)"
    assert tree_of(7) == "(((0+1)+(2+3))+((4+5)+6))"
