#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: what `kubectl apply` is given is what the base says, fits the published schemas, keeps to the practices that
clusters ask for, and starts overlayd with flags that it has.

The schemas are those of Kubernetes' OpenAPI document, as Debian's python3-kubernetes carries them: one model a type, with
the name and type of each field and which must be there.

    tests/kube/manifests.py OVERLAYD      exit 77: python3-kubernetes is not installed
"""
import datetime
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import yaml
    import kubernetes.client.models as models
except ImportError as missing:
    print(f"SKIPPED: {missing}; the package python3-kubernetes has it")
    sys.exit(77)

REPO = pathlib.Path(__file__).resolve().parents[2]
MANIFESTS = REPO / "manifests"
OVERLAYD = "overlayd"
KINDS = {("v1", "Namespace"): "V1Namespace", ("v1", "ServiceAccount"): "V1ServiceAccount",
         ("v1", "ConfigMap"): "V1ConfigMap", ("apps/v1", "DaemonSet"): "V1DaemonSet"}
RBAC = "rbac.authorization.k8s.io/v1"
KINDS |= {(RBAC, kind): f"V1{kind}" for kind in ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")}
SCALARS = {"str": str, "int": int, "bool": bool, "float": float, "object": object, "datetime": datetime.datetime}


def read(path):
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


def key(one):
    return (one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"])


def faults(value, kind, at):
    """What of `value` the schema of `kind` does not allow, a sentence each."""
    if value is None:
        return [f"{at}: is empty"]
    if match := re.fullmatch(r"list\[(.*)\]", kind):
        if not isinstance(value, list):
            return [f"{at}: is no list"]
        return [fault for i, item in enumerate(value) for fault in faults(item, match[1], f"{at}[{i}]")]
    if match := re.fullmatch(r"dict\(str, (.*)\)", kind):
        if not isinstance(value, dict):
            return [f"{at}: is no map"]
        return [fault for k, item in value.items() for fault in faults(item, match[1], f"{at}.{k}")]
    if kind in SCALARS:
        fits = isinstance(value, SCALARS[kind]) and (kind == "bool" or not isinstance(value, bool))
        return [] if fits else [f"{at}: {value!r} is no {kind}"]
    return faults_of_object(value, getattr(models, kind), at)


def faults_of_object(value, model, at):
    if not isinstance(value, dict):
        return [f"{at}: is no object"]
    names = {json: python for python, json in model.attribute_map.items()}
    found = [f"{at}.{name}: {model.__name__} has no such field" for name in value if name not in names]
    for name, item in value.items():
        if name in names:
            found += faults(item, model.openapi_types[names[name]], f"{at}.{name}")
    try:  # the constructor knows which fields there must be, and which values they may have
        model(**{names[name]: item for name, item in value.items() if name in names})
    except ValueError as fault:
        found.append(f"{at}: {fault}")
    return found


def kustomize(directory):
    return list(yaml.safe_load_all(subprocess.run(["kubectl", "kustomize", directory], check=True, text=True,
                                                  stdout=subprocess.PIPE).stdout))


class Manifests(unittest.TestCase):
    objects = read(MANIFESTS / "overlay.yaml")
    pods = [one["spec"]["template"]["spec"] for one in objects if one["kind"] == "DaemonSet"]

    def containers(self):
        for pod in self.pods:
            self.assertNotIn("initContainers", pod)
            yield from pod["containers"]

    def test_the_file_is_what_the_base_makes(self):
        if not shutil.which("kubectl"):
            self.skipTest("no kubectl; the package kubernetes-client has it")
        made = {key(one): one for one in kustomize(MANIFESTS / "base")}
        given = {key(one): one for one in self.objects}
        self.assertEqual(made, given, "run tools/manifest")

    def test_every_object_of_the_base_is_in_the_file(self):
        # Without kubectl too: each plain file of the base is there as it is.
        given = {key(one): one for one in self.objects}
        for path in (MANIFESTS / "base").glob("*.yaml"):
            if path.name == "kustomization.yaml":
                continue
            for one in read(path):
                self.assertEqual(given.get(key(one)), one, f"{path.name}: run tools/manifest")

    def test_overlays_change_paths_and_pool_only(self):
        if not shutil.which("kubectl"):
            self.skipTest("no kubectl; the package kubernetes-client has it")
        for name in ("k3s", "rke2", "microk8s"):
            made = kustomize(MANIFESTS / name)
            self.assertEqual(sorted(map(key, made)), sorted(map(key, self.objects)), name)
            self.fit_the_schemas(made, name)

    def test_wireguard_go_gets_its_device_and_nothing_else(self):
        if not shutil.which("kubectl"):
            self.skipTest("no kubectl; the package kubernetes-client has it")
        made = kustomize(MANIFESTS / "wireguard-go")
        self.assertEqual(sorted(map(key, made)), sorted(map(key, self.objects)))
        self.fit_the_schemas(made, "wireguard-go")
        [base], [pod] = self.pods, [one["spec"]["template"]["spec"] for one in made if one["kind"] == "DaemonSet"]
        before = {volume["name"] for volume in base["volumes"]}
        self.assertEqual([volume for volume in pod["volumes"] if volume["name"] not in before],
                         [{"name": "tun", "hostPath": {"path": "/dev/net/tun", "type": "CharDevice"}},
                          {"name": "wireguard-go", "emptyDir": {"medium": "Memory"}}])
        self.assertEqual(pod["containers"][0]["securityContext"], base["containers"][0]["securityContext"])

    def fit_the_schemas(self, objects, name):
        for one in objects:
            self.assertEqual(faults(one, KINDS[one["apiVersion"], one["kind"]], f"{name}:{key(one)}"), [])

    def test_fits_the_schemas(self):
        self.assertTrue(self.objects)
        for one in self.objects:
            self.assertEqual(faults(one, KINDS[one["apiVersion"], one["kind"]], one["kind"]), [])

    def test_the_schemas_find_faults(self):
        good = next(one for one in self.objects if one["kind"] == "DaemonSet")
        def damaged(change):
            copy = yaml.safe_load(yaml.safe_dump(good))
            change(copy["spec"]["template"]["spec"], copy)
            return faults(copy, "V1DaemonSet", "DaemonSet")
        self.assertEqual(damaged(lambda pod, one: None), [])
        self.assertIn("no such field", damaged(lambda pod, one: pod.update(hostNetwrk=True))[0])
        self.assertIn("is no bool", damaged(lambda pod, one: pod.update(hostNetwork="true"))[0])
        self.assertIn("is no list", damaged(lambda pod, one: pod.update(volumes={}))[0])
        self.assertTrue(damaged(lambda pod, one: one["spec"].pop("selector")))
        self.assertTrue(damaged(lambda pod, one: pod["containers"][0].pop("name")))

    def test_nothing_is_privileged(self):
        for container in self.containers():
            security = container["securityContext"]
            self.assertNotIn("privileged", security)
            self.assertIs(security["allowPrivilegeEscalation"], False)
            self.assertIs(security["readOnlyRootFilesystem"], True)
            self.assertEqual(security["capabilities"], {"drop": ["ALL"], "add": ["NET_ADMIN", "NET_RAW"]})
        for pod in self.pods:
            self.assertEqual(pod["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
            self.assertFalse({"hostPID", "hostIPC"} & pod.keys())

    def test_directories_are_mounted_and_no_sockets_or_files(self):
        for pod in self.pods:
            names = {volume["name"] for volume in pod["volumes"]}
            for volume in pod["volumes"]:
                if "hostPath" in volume:
                    self.assertIn(volume["hostPath"]["type"], ("Directory", "DirectoryOrCreate"))
            for container in pod["containers"]:
                self.assertEqual({mount["name"] for mount in container["volumeMounts"]}, names)

    def test_runs_on_every_linux_node_before_all_else(self):
        self.assertEqual(len(self.pods), 1)
        for pod in self.pods:
            self.assertEqual(pod["tolerations"], [{"operator": "Exists"}])
            self.assertEqual(pod["priorityClassName"], "system-node-critical")
            self.assertIs(pod["hostNetwork"], True)
        for container in self.containers():
            self.assertEqual(container["resources"]["requests"].keys(), {"cpu", "memory"})
            self.assertNotIn("limits", container["resources"])
        for pod in self.pods:
            [term] = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
            self.assertEqual(term["matchExpressions"], [{"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}])

    def test_liveness_does_not_ask_for_readiness(self):
        for container in self.containers():
            self.assertEqual(container["startupProbe"]["httpGet"]["path"], "/healthz")
            self.assertEqual(container["livenessProbe"]["httpGet"]["path"], "/healthz")
            self.assertEqual(container["readinessProbe"]["httpGet"]["path"], "/readyz")

    def test_the_set_selects_its_own_pods_and_restarts_one_at_a_time(self):
        [one] = [one for one in self.objects if one["kind"] == "DaemonSet"]
        labels = one["spec"]["template"]["metadata"]["labels"]
        self.assertTrue(one["spec"]["selector"]["matchLabels"].items() <= labels.items())
        self.assertEqual(one["spec"]["updateStrategy"]["rollingUpdate"], {"maxUnavailable": 1})

    def test_the_account_may_do_what_overlayd_asks_and_no_more(self):
        rules = [rule for one in self.objects if one["kind"] in ("Role", "ClusterRole") for rule in one["rules"]]
        may = {(resource, verb) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}
        self.assertEqual(may, {
            ("nodes", "list"), ("nodes", "watch"), ("nodes", "patch"), ("nodes/status", "patch"),
            ("servicecidrs", "list"), ("secrets", "create"), ("secrets", "get"), ("configmaps", "create"),
            ("configmaps", "get"), ("leases", "create"), ("leases", "get"), ("leases", "update"),
            ("services", "create"), ("events", "create")})
        for rule in rules:  # what there can be others of is named
            if {"secrets", "configmaps", "leases"} & set(rule["resources"]) and rule["verbs"] != ["create"]:
                self.assertIn("resourceNames", rule)
        accounts = {key(one)[1:] for one in self.objects if one["kind"] == "ServiceAccount"}
        for one in self.objects:
            for subject in one.get("subjects", []):
                self.assertIn((subject["namespace"], subject["name"]), accounts)

    def test_overlayd_has_the_flags_and_the_keys(self):
        for container in self.containers():
            for flag in container["args"]:
                self.runs_with(flag.split("=")[0])
        config = next(one for one in self.objects if one["kind"] == "ConfigMap")["data"]["overlayd.toml"]
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(config)
            file.flush()
            # An impossible MTU is refused last of all: what comes before was understood, and nothing runs.
            told = subprocess.run([OVERLAYD, "--config", file.name, "--mtu", "1"], text=True, capture_output=True,
                                  timeout=20)
        self.assertEqual(told.returncode, 2)
        self.assertIn("--mtu '1'", told.stderr + told.stdout)

    def runs_with(self, flag):
        self.assertRegex(self.help, rf"(?m)^\s*{re.escape(flag)}\s")

    help = ""


if __name__ == "__main__":
    OVERLAYD = sys.argv.pop(1) if len(sys.argv) > 1 else OVERLAYD
    Manifests.help = subprocess.run([OVERLAYD, "--help"], text=True, capture_output=True).stdout
    unittest.main(verbosity=2)
