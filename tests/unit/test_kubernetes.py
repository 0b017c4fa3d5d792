"""The manifests in kubernetes/: what their schemas say, and what was meant by them.  No cluster has run them."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from coordinator.reporting import prometheus
from shared.messaging import addresses
from tests.support.mnist import PROJECT

FOLDERS = [PROJECT / "kubernetes" / name for name in ("base", "autoscaling")]
VERSION = kubernetes_validate.latest_version()
WORKLOADS = ("Deployment", "Job", "StatefulSet")
# Of KEDA's own definition of a ScaledObject, what is used here: required fields, and the types of all.
SCALED_OBJECT = {"cooldownPeriod": int, "maxReplicaCount": int, "minReplicaCount": int, "pollingInterval": int}
SCALED_OBJECT |= {"scaleTargetRef": dict, "triggers": list}


def documents(path: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def kustomization(folder: Path) -> dict[str, Any]:
    (found,) = documents(folder / "kustomization.yaml")
    return found


BASE = [document for name in kustomization(FOLDERS[0])["resources"] for document in documents(FOLDERS[0] / name)]
PODS = {each["metadata"]["name"]: each["spec"]["template"] for each in BASE if each["kind"] in WORKLOADS}


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in BASE if each["kind"] == kind}


@pytest.mark.parametrize("manifest", BASE, ids=lambda each: f"{each['kind']} {each['metadata']['name']}")
def test_a_manifest_has_the_fields_of_its_schema_and_no_others(manifest):
    kubernetes_validate.validate(manifest, VERSION, strict=True)


def test_the_validator_would_find_a_wrong_field():
    wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "redis"}, "spec": {"port": 6379}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSION, strict=True)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_all_files_are_named_in_the_kustomization(folder):
    found = kustomization(folder)
    assert (found["apiVersion"], found["kind"]) == ("kustomize.config.k8s.io/v1beta1", "Kustomization")
    files = [name for name in found["resources"] if (folder / name).is_file()]
    assert {path.name for path in folder.iterdir()} == {*files, "kustomization.yaml"}
    for name in found["resources"]:
        assert (folder / name).exists()


@pytest.mark.parametrize("name", PODS)
def test_pods_are_restricted_and_limited_and_looked_after(name):
    spec = PODS[name]["spec"]
    assert spec["securityContext"] == {
        **{"runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert spec["automountServiceAccountToken"] is False
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        **{"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True},
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]
    assert container["resources"]["requests"]["cpu"]
    assert "livenessProbe" in container
    assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in spec["volumes"]}


def test_passwords_are_files_of_a_secret_that_is_not_here():
    assert not of_kind("Secret")
    for template in PODS.values():
        (container,) = template["spec"]["containers"]
        (secret,) = (each["secret"] for each in template["spec"]["volumes"] if "secret" in each)
        assert secret["secretName"] == "gradmq"
        (mount,) = (each["mountPath"] for each in container["volumeMounts"] if each["name"] == "secret")
        environment = {each["name"]: each["value"] for each in container["env"]}
        named = environment.get(f"{addresses.REDIS}_FILE")
        files = [named] if named else re.findall(r"cat (\S+)\)", container["command"][2])
        assert sorted(files) == sorted(f"{mount}/{item['path']}" for item in secret["items"])


def test_the_rules_of_redis_are_those_of_the_other_cluster():
    compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
    (container,) = PODS["redis"]["spec"]["containers"]
    settings = compose["services"]["redis"]["environment"]
    rules = {each["name"]: each["value"] for each in container["env"]}
    assert rules == {name: settings[name] for name in ("REDIS_RULES", "REDIS_WORKER_RULES")}  # no Flower there
    assert container["image"] == re.search(r":-(.*)}", compose["services"]["redis"]["image"])[1]


def test_selectors_find_the_pods():
    components = {name: template["metadata"]["labels"] for name, template in PODS.items()}
    assert components == {name: {"app.kubernetes.io/component": name} for name in ("redis", "worker", "coordinator")}
    for name, found in (of_kind("Deployment") | of_kind("StatefulSet")).items():
        assert found["spec"]["selector"]["matchLabels"] == components[name]
    assert of_kind("Service")["redis"]["spec"]["selector"] == components["redis"]
    assert of_kind("StatefulSet")["redis"]["spec"]["serviceName"] == "redis"


def test_a_run_goes_on_in_its_volume():
    spec = PODS["coordinator"]["spec"]
    (container,) = spec["containers"]
    assert container["args"][:2] == ["train", "--resume"]
    assert spec["restartPolicy"] == "OnFailure"
    (claim,) = (
        each["persistentVolumeClaim"]["claimName"] for each in spec["volumes"] if "persistentVolumeClaim" in each
    )
    assert claim in of_kind("PersistentVolumeClaim")


def test_workers_are_scaled_by_a_gauge_that_there_is():
    (scaled,) = documents(FOLDERS[1] / "scaledobject.yaml")
    assert (scaled["apiVersion"], scaled["kind"]) == ("keda.sh/v1alpha1", "ScaledObject")
    spec = scaled["spec"]
    assert {name: type(value) for name, value in spec.items()} == SCALED_OBJECT
    assert spec["scaleTargetRef"]["name"] in of_kind("Deployment")
    (trigger,) = spec["triggers"]
    assert trigger["type"] == "prometheus"
    metadata = trigger["metadata"]
    assert all(isinstance(value, str) for value in metadata.values())
    assert {"serverAddress", "query", "threshold"} <= metadata.keys()
    gauges = set(re.findall(r'"gauge", "(gradmq_\w+)"', Path(prometheus.__file__).read_text()))
    assert set(re.findall(r"gradmq_\w+", metadata["query"])) <= gauges
    assert "gradmq_leases_wanted" in metadata["query"]


@pytest.mark.parametrize("workers", [1, 5, 10, 11, 50, 99])
def test_an_autoscaler_hears_that_one_more_is_wanted_and_is_quiet_when_none_is(workers):
    """It does nothing while what is wanted is within a tenth of what there is."""
    (scaled,) = documents(FOLDERS[1] / "scaledobject.yaml")
    query = scaled["spec"]["triggers"][0]["metadata"]["query"]
    query = re.sub(r"max\((\w+)\)", r"\1", query)
    for wanted, grows in ((workers + 1, True), (workers, False)):
        figure = eval(query, {"gradmq_leases_wanted": wanted, "gradmq_workers": workers})
        assert (figure / workers > 1.1) == grows
