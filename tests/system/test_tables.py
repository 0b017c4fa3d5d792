"""Numbers of a table, predicted by real workers."""

from tests.support.program import metrics
from tests.support.runs import comparable
from tests.support.tables import write_prices


def test_workers_predict_numbers_with_the_bits_of_one_process(gradmq, tmp_path):
    table = write_prices(tmp_path / "prices.csv")
    programs = [
        gradmq("train", "--data", table, "--target", "price", "--epochs", 5, "--workers", workers) for workers in (0, 2)
    ]
    for program in programs:
        assert program.end() == 0, program.text()
    alone, together = map(metrics, programs)
    assert comparable(alone) == comparable(together)
    assert {line["workers"] for line in together} <= {1, 2}
    assert together[-1]["r2"] > 0.8
