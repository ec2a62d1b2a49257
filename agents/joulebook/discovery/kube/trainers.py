"""Whose a pod of a training is, as far as the labels tell that its operator sets.

Sources: Kubeflow's training operator (``pkg/apis/kubeflow.org/v1/common_types.go``, and
``controllerName`` of each controller), its MPI operator
(``pkg/apis/kubeflow/v2beta1/constants.go``) and KubeRay
(``ray-operator/controllers/ray/utils/constant.go``). Pods of Kubeflow's trainer, version 2, are
those of a JobSet.
"""

from collections.abc import Mapping

from joulebook.discovery.kube.owners import Workload

_OPERATOR, _JOB = "training.kubeflow.org/operator-name", "training.kubeflow.org/job-name"
_KINDS = {
    "jaxjob-controller": "JAXJob",
    "mpi-operator": "MPIJob",
    "mpijob-controller": "MPIJob",
    "mxjob-controller": "MXJob",
    "paddlejob-controller": "PaddleJob",
    "pytorchjob-controller": "PyTorchJob",
    "tfjob-controller": "TFJob",
    "xgboostjob-controller": "XGBoostJob",
}
_RAY_NODE, _RAY_CLUSTER = "ray.io/is-ray-node", "ray.io/cluster"


def by_operator(labels: Mapping[str, str]) -> Workload | None:
    """The training that a pod is part of; None where no operator that is known here says so.

    Args:
        labels: Labels of the pod.
    """
    kind, name = _KINDS.get(labels.get(_OPERATOR, "")), labels.get(_JOB)
    if kind is not None and name:
        return Workload(kind, name)
    # The pod that hands a script to the cluster is none of its nodes, and bears no such label.
    if labels.get(_RAY_NODE) == "yes" and (cluster := labels.get(_RAY_CLUSTER)):
        return Workload("RayCluster", cluster)
    return None
