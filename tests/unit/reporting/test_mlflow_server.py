"""What is said to an MLflow server, and to nobody else; what any other server answers ends nothing."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from coordinator.reporting.mlflow_run import MlflowRun
from coordinator.reporting.mlflow_server import MlflowError, MlflowServer
from tests.support.watched import CONFIG, WatchedRun


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[int]:
    """Have a server of this kind on a port, which is given."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer(self)

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            answer(self)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_a_password_does_not_follow_to_another_address():
    asked = []

    def redirect(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.path)
        request.send_response(302)
        request.send_header("Location", f"http://{request.headers['Host']}/elsewhere")
        request.end_headers()

    with serving(redirect) as port, pytest.raises(MlflowError):
        MlflowServer(f"http://somebody:secret@127.0.0.1:{port}").steps_of("run", "cost")
    assert len(asked) == 1


def says(content: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(content)

    return answer


OTHERS = [
    b"{}",
    b"[]",
    b"null",
    b"7",
    b"",
    b"<html>",
    b"[" * 100_000,
    b'{"experiment": [], "run": 7, "runs": [{}], "experiment_id": {}, "metrics": [7]}',
    b'{"experiment": {"experiment_id": 0}, "run": {"info": null}, "runs": 7, "metrics": [{"step": "one"}]}',
]


@pytest.mark.parametrize("content", OTHERS, ids=range(len(OTHERS)))
def test_a_server_that_is_no_mlflow_costs_a_line_and_not_the_run(content, caplog):
    with serving(says(content)) as port:
        server = MlflowServer(f"http://127.0.0.1:{port}")
        with pytest.raises(MlflowError, match="its answer is none of MLflow's"):
            server.experiment("gradmq")
        with pytest.raises(MlflowError, match="its answer is none of MLflow's"):
            server.create_run("1", "run", {}, 0)
        for ask in (lambda: server.find_run("1", "tag", "value"), lambda: server.steps_of("run", "seconds")):
            try:
                assert not ask()  # as `{}` says: there is none
            except MlflowError:
                pass
        run = WatchedRun()
        told = MlflowRun(server, "run", CONFIG, run.recorded)
        run.go_on_before(told)
        told.close("FINISHED")
    assert len(run.recorded) == 5
    assert "none of MLflow's" in caplog.text
    assert "Traceback" not in caplog.text
    assert "5 epochs are missing in MLflow" in caplog.text
