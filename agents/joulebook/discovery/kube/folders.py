"""The pods of this node, as the kubelet names the folders of their logs.

It needs no API server: ``<namespace>_<name>_<uid>`` (``BuildPodLogsDirectory`` of the kubelet's
``pkg/kubelet/kuberuntime``). Neither owner nor labels are known that way.
"""

import os
from pathlib import Path

from joulebook.discovery.kube.unanswered import Unanswered
from joulebook.discovery.kubernetes import Pod

#: Where they lie, unless the kubelet is told otherwise (``podLogsDir``).
FOLDER = Path("/var/log/pods")
_PARTS = 3


class Folders:
    """Lists the folders.

    Args:
        root: Where they lie.
    """

    def __init__(self, root: Path = FOLDER) -> None:
        self._root = root

    def pods(self) -> dict[str, Pod]:
        """Pods by uid, the newest last: a pod of a StatefulSet leaves its name to the next.

        Raises:
            Unanswered: They cannot be read.
        """
        found: list[tuple[int, str, Pod]] = []
        try:
            with os.scandir(self._root) as entries:
                for entry in entries:
                    namespace, name, uid = ([*entry.name.split("_"), "", ""])[:_PARTS]
                    if uid and entry.name.count("_") == _PARTS - 1:
                        born_ns = entry.stat(follow_symlinks=False).st_mtime_ns
                        found.append((born_ns, uid, Pod(namespace, name)))
        except OSError as error:
            raise Unanswered(
                f"cannot read {self._root}, which names the pods: {error.strerror}"
            ) from error
        return {uid: pod for _, uid, pod in sorted(found, key=lambda one: one[:2])}
