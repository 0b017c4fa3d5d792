"""A worker that lies now and then: an audit names it, and the run goes back to before it took part."""

from benchmarks.lying import lies, lying
from tests.support.program import job, metrics, start_worker

EPOCHS = 12
HONEST = 250  # replies of the liar, so that some epochs are right


def test_a_run_with_a_liar_ends_with_the_undisturbed_fingerprints(gradmq, small_data, server, fingerprints, tmp_path):
    liar = start_worker(gradmq, server, "liar", **lying(tmp_path / "liar", HONEST))
    good = start_worker(gradmq, server, "good")
    for worker in (liar, good):
        worker.wait_for(" ready.")
    program = gradmq(*job(small_data, EPOCHS, redis=server.url, audit=0.05))
    assert program.end() == 0, program.text()
    recorded = metrics(program)
    assert [line["weights_sha256"] for line in recorded] == fingerprints(EPOCHS)
    assert lies(tmp_path / "liar")
    assert "going back to the beginning of epoch 0" in program.text()
    of_liars = [
        counts for line in recorded for name, counts in line["ledger"]["workers"].items() if name.startswith("liar@")
    ]
    assert [(each["samples"], each["answered"]) for each in of_liars] == [(0, 0)]
    assert of_liars[0]["rejected"] >= 1
    assert not [*program.run_folder.glob("checkpoint.epoch*")]
    assert "going back" in gradmq_show(gradmq, program)


def gradmq_show(gradmq, program) -> str:
    shown = gradmq("show", program.run_folder)
    assert shown.end() == 0, shown.text()
    return shown.text()
