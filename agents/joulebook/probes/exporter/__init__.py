"""GPUs through a Prometheus exporter that runs on the machine anyway."""
