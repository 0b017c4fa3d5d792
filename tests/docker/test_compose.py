"""The cluster of docker-compose.yml on a real Docker engine: scaled, stopped, resumed, joined from elsewhere."""

import os
import re
import secrets
from collections.abc import Iterator

import pytest
import trustme

from tests.support import command
from tests.support.compose import EPOCHS, last_fingerprint, run
from tests.support.servers import free_port

pytestmark = pytest.mark.docker


def test_a_run_is_scaled_up_and_down_and_loses_workers_and_redis_and_ends_with_the_same_bits(cluster, fingerprint):
    options = f"--epochs {EPOCHS}"
    cluster.up(options, workers=1)
    cluster.wait_for("1 worker now")
    cluster.wait_for("Epoch 0: accuracy is 9")

    cluster.scale(4, options)
    cluster.wait_for("4 workers now")
    killed = cluster.running("worker")[0]
    name = f"worker1@{killed[:12]}"
    run("docker", "kill", killed)
    cluster.wait_for(rf"worker={name}:\w+ (does not answer|is no longer heard of)")

    (redis,) = cluster.running("redis")
    run("docker", "restart", "--time", "2", redis)
    cluster.wait_for("Redis is away|Redis has lost")
    cluster.wait_for("all is there again; going on")

    cluster.scale(2, options)
    assert len(cluster.running("worker")) == 2
    assert cluster.running("coordinator"), "the run was over before all of this had happened"
    assert cluster.end() == 0
    log = cluster.log("coordinator")
    assert [int(epoch) for epoch in re.findall(r"Epoch (\d+): accuracy is \d+/10000", log)] == list(range(EPOCHS))
    assert last_fingerprint(log) == fingerprint(EPOCHS)
    for service in ("coordinator", "flower"):
        assert cluster.redis_password not in cluster.log(service)


def test_stop_is_clean_and_quick_and_keeps_the_model(cluster):
    cluster.up("--epochs 100", workers=2)
    cluster.wait_for("Epoch 0: ")
    for container in cluster.containers("worker"):
        cluster.wait_until_healthy(container)
    cluster("stop")  # what takes longer than its grace period is killed, which its exit code tells
    codes = {}
    for service in ("coordinator", "worker", "redis", "flower"):
        codes[service] = {cluster.inspect(container)["State"]["ExitCode"] for container in cluster.containers(service)}
    assert codes == {"coordinator": {143}, "worker": {0}, "redis": {0}, "flower": {0}}
    (path,) = re.findall(r"the model so far is ([^\s;]+)", cluster.log("coordinator"))
    found = cluster("run", "--rm", "--no-deps", "-T", "coordinator", "evaluate", path)
    assert re.fullmatch(r"accuracy is \d{4}/10000, on data/mnist\n", found)


def test_a_run_goes_on_by_itself_after_a_crash_and_with_up_after_down_to_the_same_bits(cluster):
    options = "--epochs 20 --mini-batch-size 100"
    cluster.up(options, workers=1)
    cluster.wait_for("Epoch 1: ")
    (name,) = re.findall(r"a new one begins\nrun (\S+):", cluster.log("coordinator"))
    cluster.crash("coordinator")
    cluster.wait_for(f"run {name} is unfinished: going on with it\n")
    cluster.wait_for("going on at epoch")
    cluster.wait_for("Epoch 2: ")  # the one before was left in its middle
    cluster("down")
    cluster.up(options, workers=2)
    cluster.wait_for("2 workers now")
    assert cluster.end() == 0
    log = cluster.log("coordinator")
    assert f"run {name} is unfinished: going on with it\n" in log
    assert "going on at epoch" in log
    fingerprint = last_fingerprint(log)

    cluster.up(options, workers=2)
    cluster.wait_for(f"run {name} of these settings is finished: its results again")
    assert cluster.end() == 0
    assert cluster.log("coordinator").count(f"last weights_sha256 {fingerprint}") == 2
    verified = cluster("run", "--rm", "--no-deps", "-T", "coordinator", "verify", name)
    assert "all 22 comparisons are identical" in verified  # of 20 epochs, of the last model and of the best


def test_any_other_command_runs_and_its_exit_code_is_right(cluster):
    cluster("up", "--detach", "redis", "worker")
    trained = cluster("run", "--rm", "-T", "coordinator", "train", "--epochs", "1", "--mini-batch-size", "100")
    assert "Epoch 0: accuracy is " in trained
    wrong = cluster("run", "--rm", "-T", "coordinator", "train", "--sizes", "784,30", check=False)
    assert wrong.startswith("2 ")
    assert "--sizes must end with 10" in wrong


def test_a_worker_elsewhere_needs_the_image_and_an_address(cluster, fingerprint, tmp_path):
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "redis")
    (tmp_path / "server.key").write_bytes(certificate.private_key_pem.bytes())
    (tmp_path / "server.crt").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.crt"))
    for path in (tmp_path.parent.parent, tmp_path.parent, tmp_path):
        path.chmod(0o755)
    port = str(free_port())
    cluster.override("tls", TLS_FOLDER=str(tmp_path), TLS_PORT=port)
    cluster.up("--epochs 1", workers=0)
    cluster.wait_for("no worker is there")

    url = f"rediss://worker:{cluster.worker_password}@127.0.0.1:{port}/0?ssl_ca_certs=/ca.crt"
    volume = f"{tmp_path}/ca.crt:/ca.crt:ro"
    options = ["--rm", "--detach", "--network", "host", "--env", f"GRADMQ_REDIS_URL={url}", "--volume", volume]
    elsewhere = run("docker", "run", *options, cluster.name, "worker", "--name", "elsewhere@%h").stdout.strip()
    try:
        cluster.wait_for("worker=elsewhere@.* takes part")
        assert cluster.end() == 0
        assert last_fingerprint(cluster.log("coordinator")) == fingerprint(1)
    finally:
        run("docker", "stop", elsewhere)


@pytest.fixture(scope="module")
def rabbitmq_image() -> Iterator[str]:
    """Debian's RabbitMQ as an image."""
    dockerfile = """
        FROM python:3.11-slim-bookworm
        RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends rabbitmq-server
        ENV HOME=/var/lib/rabbitmq
    """
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    build = ["docker", "build", "--quiet", "-"]
    built = command.run(*build, input=dockerfile, env=environment)
    assert built.returncode == 0, built.stderr
    yield built.stdout.strip()
    run("docker", "image", "rm", "--force", built.stdout.strip())


def test_rabbitmq_can_carry_the_leases(cluster, fingerprint, rabbitmq_image):
    cluster.override("rabbitmq", RABBITMQ_IMAGE=rabbitmq_image, RABBITMQ_PASSWORD=secrets.token_hex(12))
    cluster.up("--epochs 1", workers=2)
    cluster.wait_for("2 workers now")
    assert cluster.end() == 0
    assert last_fingerprint(cluster.log("coordinator")) == fingerprint(1)
    (rabbitmq,) = cluster.running("rabbitmq")
    assert run("docker", "exec", rabbitmq, "rabbitmqctl", "-q", "list_queues", "name").stdout.count("leases") == 1
