"""What a platform team installs: the unit and the DaemonSet."""

import ipaddress
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest

from joulebook.errors import SettingsError
from joulebook.settings import Settings, load
from joulebook.watching.page import address_of

RIGHTS = {"CAP_DAC_READ_SEARCH", "CAP_SYS_PTRACE"}
UNIT = Path("deploy/systemd/joulebook-agent.service")
MANIFEST = Path("deploy/kubernetes/daemonset.yaml")


# ---- systemd


@pytest.fixture
def service(root: Path) -> Mapping[str, list[str]]:
    """Every value of each key of the section Service."""
    found: dict[str, list[str]] = {}
    parser = ConfigParser(strict=False, interpolation=None, delimiters="=", comment_prefixes="#")
    parser.optionxform = str  # type: ignore[assignment,method-assign] # keys keep their case
    parser.read_string((root / UNIT).read_text(encoding="utf-8"))
    assert parser.sections() == ["Unit", "Service", "Install"]
    for line in (root / UNIT).read_text(encoding="utf-8").splitlines():
        key, sign, value = line.partition("=")
        if sign and re.fullmatch(r"[A-Za-z]+", key):
            found.setdefault(key, []).append(value)
    return found


def test_the_agent_has_a_user_of_its_own_and_two_rights(service: Mapping[str, list[str]]) -> None:
    assert service["User"] == ["joulebook"]
    for key in ("AmbientCapabilities", "CapabilityBoundingSet"):
        (value,) = service[key]
        assert set(value.split()) == RIGHTS
    assert service["NoNewPrivileges"] == ["yes"]


def test_the_unit_leaves_the_agent_what_it_needs(service: Mapping[str, list[str]]) -> None:
    assert not {"PrivateDevices", "PrivateUsers", "ProtectProc", "ProcSubset"} & set(service)
    assert service["StateDirectory"] == ["joulebook"]
    assert "JOULEBOOK_AGENT_SOCKET=/run/joulebook/agent.sock" in service["Environment"]


def test_systemd_understands_every_line_of_the_unit(root: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze (Debian package systemd)")
    text = (root / UNIT).read_text(encoding="utf-8")
    here = tmp_path / UNIT.name  # with a command that is installed on any machine
    here.write_text(re.sub(r"(?m)^ExecStart=.*$", "ExecStart=/bin/true", text))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(here)],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if UNIT.name in line]
    assert ours == []


def test_the_two_rights_are_what_it_takes_to_read_another_users_environment() -> None:
    may = _as_nobody({"CAP_DAC_READ_SEARCH"}, "true")
    if may is None:
        pytest.skip("needs setpriv(1), and root or sudo without a password")
    other = subprocess.Popen(["sleep", "600"], env={"JOULEBOOK_MODEL": "m"})
    try:
        environ = f"/proc/{other.pid}/environ"
        assert _as_nobody(RIGHTS, "cat", environ)
        assert not any(_as_nobody({one}, "cat", environ) for one in RIGHTS)
        assert _as_nobody({"CAP_SYS_PTRACE"}, "cat", f"/proc/{other.pid}/smaps_rollup")
    finally:
        other.kill()
        other.wait()


def _as_nobody(rights: set[str], *command: str) -> bool | None:
    """Whether a user with no other right can do it; None where we cannot become such a user."""
    names = ",".join(f"+{one.removeprefix('CAP_').lower()}" for one in sorted(rights))
    become = [] if os.getuid() == 0 else ["sudo", "-n"]
    become += ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]
    become += [f"--inh-caps={names}", f"--ambient-caps={names}"]
    if None in (shutil.which(become[0]), shutil.which("setpriv")):
        return None
    done = subprocess.run([*become, *command], capture_output=True, check=False)
    return None if b"sudo" in done.stderr or b"setpriv" in done.stderr else done.returncode == 0


# ---- Kubernetes


@pytest.fixture
def manifests(root: Path) -> dict[str, Any]:
    """By kind; there is one of each."""
    yaml = pytest.importorskip("yaml", reason="needs PyYAML")
    found = list(yaml.safe_load_all((root / MANIFEST).read_text(encoding="utf-8")))
    assert len({one["kind"] for one in found}) == len(found)
    return {one["kind"]: one for one in found}


def test_the_agents_account_may_read_pods_their_owners_and_gpus_and_change_nothing(
    manifests: dict[str, Any],
) -> None:
    rules = manifests["ClusterRole"]["rules"]
    kinds = {kind for rule in rules for kind in rule["resources"]}
    assert kinds == {"pods", "namespaces", "replicasets", "jobs", "resourceslices"}
    (named,) = [rule for rule in rules if "namespaces" in rule["resources"]]
    assert named["resourceNames"] == ["kube-system"]  # its uid names the cluster
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list"}


def test_the_pod_sees_the_host_and_can_write_its_own_state_alone(
    manifests: dict[str, Any],
) -> None:
    spec = manifests["DaemonSet"]["spec"]["template"]["spec"]
    (agent,) = spec["containers"]
    assert spec["hostPID"] is True
    paths = {one["name"]: one["hostPath"]["path"] for one in spec["volumes"] if "hostPath" in one}
    written = {paths.get(one["name"]) for one in agent["volumeMounts"] if not one.get("readOnly")}
    assert written == {"/var/lib/joulebook", "/run/joulebook", None}
    assert {one["name"] for one in agent["volumeMounts"]} == {
        one["name"] for one in spec["volumes"]
    }


def test_the_container_has_two_rights_and_is_not_privileged(manifests: dict[str, Any]) -> None:
    (agent,) = manifests["DaemonSet"]["spec"]["template"]["spec"]["containers"]
    context = agent["securityContext"]
    assert context["capabilities"]["drop"] == ["ALL"]
    assert {f"CAP_{one}" for one in context["capabilities"]["add"]} == RIGHTS
    assert not context["privileged"]
    assert not context["allowPrivilegeEscalation"]
    assert context["readOnlyRootFilesystem"]


def test_the_trees_of_the_host_lie_where_the_settings_say(manifests: dict[str, Any]) -> None:
    spec = manifests["DaemonSet"]["spec"]["template"]["spec"]
    (agent,) = spec["containers"]
    paths = {one["name"]: one["hostPath"]["path"] for one in spec["volumes"] if "hostPath" in one}
    mounted = {one["mountPath"]: paths.get(one["name"]) for one in agent["volumeMounts"]}
    told = {one["name"]: one.get("value") for one in agent["env"]}
    assert mounted[told["JOULEBOOK_PROCFS_ROOT"]] == "/proc"
    assert mounted[told["JOULEBOOK_SYSFS_ROOT"]] == "/sys"
    assert mounted[told["JOULEBOOK_CGROUPFS_ROOT"]] == "/sys/fs/cgroup"
    assert mounted["/etc/machine-id"] == "/etc/machine-id"


def expanded(container: dict[str, Any], fields: Mapping[str, str]) -> dict[str, str]:
    """The environment as a kubelet puts it together: `$(NAME)` is what stands above."""
    told: dict[str, str] = {}
    for one in container["env"]:
        value = one.get("value")
        if value is None:
            value = fields[one["valueFrom"]["fieldRef"]["fieldPath"]]
        told[one["name"]] = re.sub(r"\$\((\w+)\)", lambda name: told.get(name[1], name[0]), value)
    return told


@pytest.fixture
def pod(manifests: dict[str, Any]) -> dict[str, Any]:
    spec = manifests["DaemonSet"]["spec"]["template"]["spec"]
    assert isinstance(spec, dict)
    return spec


@pytest.fixture
def settings(pod: dict[str, Any], tmp_path: Path) -> Settings:
    """Those that the agent reads; whatever the addresses of the cluster, it is told none."""
    (agent,) = pod["containers"]
    told = expanded(agent, {"spec.nodeName": "node-7"})
    return load(environ={"HOME": str(tmp_path), **told})


def test_the_agent_understands_what_the_manifest_tells_it(settings: Settings) -> None:
    assert settings.node_name == "node-7"
    assert settings.log_format == "json"
    assert settings.warnings == ()


def test_the_cluster_is_asked_by_its_name_so_that_addresses_of_ipv6_do_as_well(
    settings: Settings, pod: dict[str, Any]
) -> None:
    assert settings.kubernetes_api == "https://kubernetes.default.svc"
    assert (
        pod["dnsPolicy"] == "ClusterFirstWithHostNet"
    )  # the node's own resolver knows no such name


def test_a_service_that_is_called_like_us_stops_no_agent(
    pod: dict[str, Any], tmp_path: Path
) -> None:
    # What Kubernetes would add for a Service `joulebook-agent` in the namespace.
    link = {"HOME": str(tmp_path), "JOULEBOOK_AGENT_SERVICE_HOST": "10.96.0.7"}
    with pytest.raises(SettingsError, match="JOULEBOOK_AGENT_SERVICE_HOST"):
        load(environ=link)
    assert pod["enableServiceLinks"] is False


def test_the_agent_runs_on_every_node_of_linux_and_on_no_other(pod: dict[str, Any]) -> None:
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert pod["nodeSelector"] == {"kubernetes.io/os": "linux"}


def test_pages_without_a_password_are_answered_on_loopback_alone_and_the_probe_asks_there(
    manifests: dict[str, Any], settings: Settings, pod: dict[str, Any]
) -> None:
    (agent,) = pod["containers"]
    probe = agent["readinessProbe"]["httpGet"]
    assert settings.metrics_listen == f"{probe['host']}:{probe['port']}"
    assert ipaddress.ip_address(probe["host"]).is_loopback
    assert pod["hostNetwork"] is True  # else the kubelet would ask another loopback
    about = manifests["DaemonSet"]["spec"]["template"]["metadata"]
    assert "prometheus.io/scrape" not in about.get("annotations", {})


@pytest.mark.parametrize("address", ["10.0.0.7", "fd00::7"])
def test_the_lines_that_open_the_pages_to_prometheus_work_for_both_kinds_of_address(
    root: Path, tmp_path: Path, address: str
) -> None:
    yaml = pytest.importorskip("yaml", reason="needs PyYAML")
    text = (root / MANIFEST).read_text(encoding="utf-8")
    lines = re.search(
        r"(?m)^ +# (- name: NODE_IP\n(?: +#  ? .*\n| +# - name: JOULEBOOK_M.*\n)+)", text
    )
    assert lines is not None
    env = yaml.safe_load(re.sub(r"(?m)^ +# ", "", lines[0]))
    told = expanded({"env": env}, {"status.hostIP": address})
    told.pop("NODE_IP")
    settings = load(environ={"HOME": str(tmp_path), **told})
    assert settings.metrics_listen is not None
    assert address_of(settings.metrics_listen) == (address, 9807)
