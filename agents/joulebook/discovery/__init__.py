"""Who runs here: this host and its processes, as procfs tells."""
