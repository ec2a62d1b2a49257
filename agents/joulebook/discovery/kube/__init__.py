"""What a cluster of Kubernetes says of the pods on this node: names, owners, labels, GPUs."""
