"""What the cluster of docker-compose.yml lets nobody do."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.support.compose import run
from tests.support.mnist import PROJECT

pytestmark = pytest.mark.docker


def test_the_configuration_is_clean(built):
    for override in ("", "tls", "rabbitmq", "secrets"):
        built.override(override)
        assert built("config", "--quiet", check=False) == "0 "
    built.override("")
    for file in PROJECT.glob("docker-compose*.yml"):
        assert "\nversion:" not in file.read_text()


def test_flower_shows_the_run_behind_its_password_and_controls_the_workers(cluster):
    cluster.up("--epochs 100", workers=2)
    cluster.wait_for("2 workers now")
    cluster.wait_for("Epoch 0")
    for page in ("workers", "tasks", "broker", "api/workers", "api/tasks", "api/queues/length"):
        assert cluster.fetch(page)[0] == 401
        assert cluster.fetch(page, "a guess")[0] == 401
        assert cluster.fetch(page, cluster.flower_password)[0] == 200

    workers = json.loads(cluster.fetch("api/workers?refresh=1", cluster.flower_password)[1])
    assert {name.split("@")[0] for name in workers} == {"worker1"}
    assert len(workers) == 2
    status = json.loads(cluster.fetch("api/workers?status=1", cluster.flower_password)[1])
    assert set(status.values()) == {True}  # while they compute

    tasks = json.loads(cluster.fetch("api/tasks?limit=1000", cluster.flower_password)[1])
    done = [task for task in tasks.values() if task["state"] == "SUCCESS"]
    assert done
    for task in done:
        assert task["name"] == "gradmq.lease"
        what = r"\(epoch \d+, (mini-batches \d+–\d+|evaluation)( and evaluation)?, lease \d+/\d+, [\w-]+\)"
        assert re.fullmatch(what, task["args"])
        assert all(word in task["result"] for word in ("requests", "samples", "seconds_computing", "seconds_waiting"))
    assert cluster.redis_password not in json.dumps(tasks) + json.dumps(workers)

    # The broker's page counts the queue, and a worker can be asked and told from there.
    assert '"leases"' in cluster.fetch("api/queues/length", cluster.flower_password)[1]
    pong = cluster("exec", "-T", "flower", "celery", "-A", "worker", "inspect", "ping")
    assert pong.count("pong") == 2
    stopped = next(iter(workers))
    assert cluster.fetch(f"api/worker/shutdown/{stopped}", cluster.flower_password, "POST")[0] == 200
    # If it had no lease in that moment, it had nobody to tell.
    cluster.wait_for(rf"worker={stopped}:\w+ (leaves|is no longer heard of)")
    cluster.wait_for("2 workers now", times=2)  # Docker starts it again


@pytest.fixture
def secrets_folder(cluster, tmp_path) -> Path:
    """Passwords as files, which whoever may enter the folders above can read; in a cluster that uses them."""
    for name, text in (
        ("redis_password", cluster.redis_password),
        ("redis_worker_password", cluster.worker_password),
        ("redis_flower_password", "flowers-own"),
        ("redis_url", f"redis://gradmq:{cluster.redis_password}@redis:6379/0"),
        ("redis_worker_url", f"redis://worker:{cluster.worker_password}@redis:6379/0"),
        ("redis_flower_url", "redis://flower:flowers-own@redis:6379/0"),
        ("flower_password", cluster.flower_password),
        ("grafana_password", "unused"),
    ):
        (tmp_path / name).write_text(text + "\n")
    cluster.override("secrets", SECRETS_FOLDER=str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("secrets_folder")
def test_nothing_has_more_rights_than_it_needs_and_passwords_are_in_files(cluster):
    cluster.up("--epochs 100", workers=1)
    cluster.wait_for("1 worker now")
    assert cluster.fetch("workers", "a guess")[0] == 401
    assert cluster.fetch("workers", cluster.flower_password)[0] == 200
    published = []
    for container in cluster.containers():
        found = cluster.inspect(container)
        assert found["Config"]["User"] == "10001:10001"
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])
        assert host["Memory"] > 0
        assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
        assert cluster.redis_password not in json.dumps(found)
        assert cluster.worker_password not in json.dumps(found)
        assert cluster.flower_password not in json.dumps(found)
        published += [binding for ports in (host["PortBindings"] or {}).values() for binding in ports]
        _, *processes = run("docker", "top", container, "-eo", "pid,uid").stdout.splitlines()
        assert {process.split()[1] for process in processes} == {"10001"}
    cluster.wait_until_healthy(*cluster.running("coordinator"))
    assert published == [{"HostIp": "127.0.0.1", "HostPort": cluster.flower.split(":")[1]}]
    compilers = "command -v cc || command -v gcc || find /opt/gradmq -name 'pip*' | grep ."
    assert run("docker", "run", "--rm", "--entrypoint", "sh", cluster.name, "-c", compilers, check=False).stdout == ""


def test_it_starts_without_any_secret_and_is_closed_all_the_same(built):
    config = run(*built._compose, "config", REDIS_PASSWORD="", FLOWER_PASSWORD="", COMPOSE_PROJECT_NAME="x").stdout
    assert "local-only" in config
    ports = [port for service in yaml.safe_load(config)["services"].values() for port in service.get("ports", [])]
    hosts = [port["host_ip"] if isinstance(port, dict) else port.split(":")[0] for port in ports]
    assert set(hosts) == {"127.0.0.1"}, "Flower's, and Grafana's where Compose shows profiles that nobody asked for"
