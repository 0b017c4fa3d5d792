"""Answers as a CSV: a line for each sample, in their order."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from shared.model import SavedModel
from shared.nn.prediction import Answers


def lines(model: SavedModel, names: Sequence[str], answers: Iterable[Answers], outputs: bool) -> Iterator[str]:
    """Yield the text, piece by piece: the names of the columns, then a line for each sample.

    names: of the samples, if they have any.  outputs: whether to add all outputs of a classifier, a column each.
    """
    columns = ["file"] if names else []
    columns += model.answer_names if model.predicts_numbers else ["prediction"]
    with_outputs = outputs and not model.predicts_numbers
    columns += model.answer_names if with_outputs else []
    head, left = _text([columns]), iter(names)
    for each in answers:
        found = model.named(each)
        rows = [[str(number) for number in row] for row in found] if found.ndim == 2 else [[str(row)] for row in found]
        if with_outputs:
            # As NumPy writes them: no digit too many of a float32, and none too few of a float64.
            rows = [[*row, *map(str, numbers)] for row, numbers in zip(rows, each.outputs, strict=True)]
        if names:
            rows = [[name, *row] for name, row in zip(islice(left, len(rows)), rows, strict=True)]
        yield head + _text(rows)  # together: of samples that cannot be read nothing is printed
        head = ""
    if head:  # there is no sample
        yield head


def _text(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
