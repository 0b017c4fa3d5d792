"""What is said to an MLflow server, and to nobody else."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from coordinator.reporting.mlflow_server import MlflowError, MlflowServer


def test_a_password_does_not_follow_to_another_address():
    asked = []

    class Redirecting(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{server.server_port}/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Redirecting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with pytest.raises(MlflowError):
                MlflowServer(f"http://somebody:secret@127.0.0.1:{server.server_port}").steps_of("run", "cost")
        finally:
            server.shutdown()
            thread.join()
    assert len(asked) == 1
