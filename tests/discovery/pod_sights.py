"""How the cgroup of a pod reads on its host, and in another pod."""

from tests.discovery.trees import POD, A


def _systemd(quality: str, reader: str = "") -> str:
    """A pod by the systemd driver, from the host or from a pod that is ``reader``."""
    name = "-".join(filter(None, ("kubepods", quality)))
    pod = f"{name}-pod{POD.replace('-', '_')}.slice/cri-containerd-{A}.scope"
    if not reader:
        return "/" + "/".join(["kubepods.slice", *([f"{name}.slice"] if quality else []), pod])
    if quality == reader:
        return f"/../../{pod}"
    return "/../../../" + (f"{name}.slice/{pod}" if quality else pod)


def _cgroupfs(quality: str, reader: str = "") -> str:
    """Likewise by the cgroupfs driver."""
    pod = f"pod{POD}/{A}"
    if not reader:
        return "/" + "/".join(filter(None, ("kubepods", quality, pod)))
    return f"/../../{pod}" if quality == reader else f"/../../../{quality and quality + '/'}{pod}"


#: Paths on the host and in a burstable pod, by driver and quality of service. So a kernel shows
#: them to a reader in a cgroup namespace of its own (cgroup_namespaces(7)).
_PATHS = {
    (driver, quality or "guaranteed"): (path(quality), path(quality, "burstable"))
    for driver, path in (("systemd", _systemd), ("cgroupfs", _cgroupfs))
    for quality in ("", "burstable", "besteffort")
}
#: Such paths by what they are.
SIGHTS = {
    f"{driver} driver, {quality}, read {reader}": path
    for (driver, quality), paths in _PATHS.items()
    for reader, path in zip(("on the host", "in a pod"), paths, strict=True)
}
