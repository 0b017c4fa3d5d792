"""Who a worker is."""

from shared.messaging.identities import Credentials, called, id_of, worker_id


def test_a_worker_is_the_same_in_all_of_a_run_and_another_in_the_next():
    worker = Credentials()
    assert worker.in_run("one") == worker.in_run("one") != worker.in_run("two")


def test_no_two_workers_have_one_credential():
    assert len({Credentials().in_run("run") for _ in range(100)}) == 100


def test_an_id_does_not_tell_the_credential():
    credential = Credentials().in_run("run")
    assert len(worker_id(credential)) == 16
    assert int(worker_id(credential), 16) not in (credential, int.from_bytes(credential.to_bytes(8, "little"), "big"))


def test_an_id_is_found_again_in_what_a_worker_is_called():
    assert id_of(called("worker1@host:9", 7)) == worker_id(7)
    assert id_of("") == ""
