"""An MLflow tracking server, by its REST interface: https://mlflow.org/docs/latest/rest-api.html

MLflow's own client would be forty packages for these six requests, and tries each of them for minutes.
"""

import base64
import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from shared.errors import ConfigError, GradMQError
from shared.logs import masked

_PATIENCE = 5.0  # seconds for an answer
_LARGEST = 2**24  # bytes of an answer that are read
_NONE = "its answer is none of MLflow's; is that the address of an MLflow server?"
_MISSING = "RESOURCE_DOES_NOT_EXIST"


class MlflowError(GradMQError):
    """The server is away, or refuses a request."""

    def __init__(self, message: str, code: str = "") -> None:
        """code: MLflow's own for what is wrong, if it says one."""
        super().__init__(message)
        self.code = code


class MlflowServer:
    """Each method is one request, and raises MlflowError."""

    def __init__(self, uri: str) -> None:
        """uri: http(s)://[user:password@]host[:port][/path].  Raises ConfigError for another."""
        parts = urlsplit(uri)
        try:
            is_one = parts.scheme in ("http", "https") and bool(parts.hostname)
            _ = parts.port
        except ValueError:
            is_one = False
        if not is_one:
            hint = "run `mlflow server` and give its address, like http://127.0.0.1:5000"
            raise ConfigError("mlflow", masked(uri), "must be the address of a server", hint)
        self.shown = masked(uri)
        host = parts.netloc.rpartition("@")[2]
        self._url = f"{parts.scheme}://{host}{parts.path.rstrip('/')}/api/2.0/mlflow/"
        # The environment's names are those of MLflow's client.
        user = unquote(parts.username or "") or os.environ.get("MLFLOW_TRACKING_USERNAME", "").strip()
        password = unquote(parts.password or "") or os.environ.get("MLFLOW_TRACKING_PASSWORD", "").strip()
        token = os.environ.get("MLFLOW_TRACKING_TOKEN", "").strip()
        self._headers = {"Content-Type": "application/json"}
        if user:
            self._headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        elif token:
            self._headers["Authorization"] = f"Bearer {token}"

    def experiment(self, name: str) -> str:
        """Return the identity of an experiment, which is made if there is none of that name."""
        try:
            found = self._get("experiments/get-by-name", {"experiment_name": name})
        except MlflowError as error:
            if error.code != _MISSING:
                raise
            return _text(self._post("experiments/create", {"name": name}), "experiment_id")
        return _text(found, "experiment", "experiment_id")

    def find_run(self, experiment: str, tag: str, value: str) -> str | None:
        """Return the identity of the run with that tag, the newest of several; None if there is none."""
        wanted = {"experiment_ids": [experiment], "filter": f"tags.`{tag}` = '{value}'", "max_results": 1}
        found = self._post("runs/search", wanted)
        return _text(found, "runs", 0, "info", "run_id") if found.get("runs") else None

    def create_run(self, experiment: str, name: str, tags: dict[str, str], began: int) -> str:
        """Return the identity of a new run.  began: milliseconds since 1970."""
        fields = {"experiment_id": experiment, "run_name": name, "start_time": began, "tags": _pairs(tags)}
        return _text(self._post("runs/create", fields), "run", "info", "run_id")

    def update_run(self, run: str, status: str, ended: int | None = None) -> None:
        """status: RUNNING, FINISHED, FAILED or KILLED.  ended: milliseconds since 1970."""
        self._post("runs/update", {"run_id": run, "status": status, **({} if ended is None else {"end_time": ended})})

    def log(
        self,
        run: str,
        metrics: Sequence[dict[str, Any]] = (),
        params: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        """Add metrics, each with key, value, timestamp and step: a thousand at most."""
        fields = {"run_id": run, "metrics": [*metrics], "params": _pairs(params or {}), "tags": _pairs(tags or {})}
        self._post("runs/log-batch", fields)

    def steps_of(self, run: str, metric: str) -> set[int]:
        """Return the steps for which a run has that metric."""
        history = self._get("metrics/get-history", {"run_id": run, "metric_key": metric})
        try:
            return {int(each.get("step", 0)) for each in history.get("metrics", [])}
        except (TypeError, ValueError, AttributeError, OverflowError):
            raise MlflowError(_NONE) from None

    def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        return self._ask(urllib.request.Request(f"{self._url}{path}?{urlencode(query)}", headers=self._headers))  # noqa: S310

    def _post(self, path: str, fields: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(fields).encode()
        return self._ask(urllib.request.Request(self._url + path, body, self._headers))  # noqa: S310

    def _ask(self, request: urllib.request.Request) -> dict[str, Any]:
        try:
            with _OPENER.open(request, timeout=_PATIENCE) as answer:
                found = json.loads(answer.read(_LARGEST))
        except urllib.error.HTTPError as error:
            said = _answer(error)
            raise MlflowError(f"{said.get('message') or error}", str(said.get("error_code", ""))) from None
        except (OSError, http.client.HTTPException) as error:
            raise MlflowError(str(getattr(error, "reason", error))) from None
        except (ValueError, RecursionError):
            raise MlflowError(_NONE) from None
        if not isinstance(found, dict):
            raise MlflowError(_NONE)
        return found


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Another address would get the password too."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


def _answer(error: urllib.error.HTTPError) -> dict[str, Any]:
    """Return what a server says of a request that it refuses."""
    try:
        said = json.loads(error.read(_LARGEST))
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _text(found: Any, *names: str | int) -> str:
    """Return the text that an answer has under these names, each within the one before.  Raises MlflowError."""
    try:
        for name in names:
            found = found[name]
    except (KeyError, TypeError, IndexError):
        raise MlflowError(_NONE) from None
    if not isinstance(found, str) or not found:
        raise MlflowError(_NONE)
    return found


def _pairs(fields: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": name, "value": value} for name, value in fields.items()]
