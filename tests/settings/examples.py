"""Good and bad values of every key."""

from joulebook.settings import Settings, load

#: Per key: three texts that are good, for command line, environment and file.
GOOD = {
    "server": ("http://127.0.0.1:1", "https://b.example:2", "http://c.example/energy"),
    "token": ("one", "two", "three"),
    "proxy": ("http://proxy:3128", "http://me:p%40ss@proxy:8080", "http://[::1]:3128/"),
    "ca_file": ("/a.pem", "/b.pem", "/c.pem"),
    "zone": ("FR", "US-CA", "SE-SE1"),
    "pue": ("1.1", "1", "10"),
    "state_dir": ("/a", "/b", "/c"),
    "spool_max_mb": ("1", "64.5", "4096"),
    "spool_max_days": ("0.5", "7", "365"),
    "window_s": ("1", "2.5", "900"),
    "sample_s": ("0.1", "0.2", "0.3"),
    "cpu_tdp_w": ("65", "120.5", "280"),
    "exporter_url": ("http://127.0.0.1:9400/metrics", "https://[::1]:9/m", "http://c.example"),
    "probes": ("a:b", "a.b:C", "x.y:Z"),
    "discover": ("true", "false", "True"),
    "slurm_cluster": ("a", "b-1", "c"),
    "slurm_gpu_dir": ("/a", "/b", "/c"),
    "kubelet_socket": ("/a/k.sock", "/b/k.sock", "/c/k.sock"),
    "kubernetes_api": ("https://10.96.0.1:443", "https://b.example", "https://[::1]:6443"),
    "kubernetes_cluster": ("prod", "lab-1", "c"),
    "node_name": ("a", "b", "c"),
    "podinfo_dir": ("/a", "/b", "/c"),
    "serving_url": ("http://127.0.0.1:1/metrics", "http://[::1]:2/m", "http://c.example/m"),
    "metrics_listen": ("127.0.0.1:9807", "0.0.0.0:1", "[::1]:2"),
    "metrics_jobs": ("1", "20", "100000"),
    "log_format": ("json", "text", "json"),
    "sysfs_root": ("/a", "/b", "/c"),
    "procfs_root": ("/a", "/b", "/c"),
    "agent_socket": ("/a/x.sock", "/b/x.sock", "/c/x.sock"),
    "cgroupfs_root": ("/a", "/b", "/c"),
    "model": ("org/a", "b", "c"),
    "variant": ("float32", "int8", "pruned"),
    "project": ("a", "b", "c"),
    "kind": ("training", "inference", "other"),
    "job_id": ("run:1", "2", "slurm:3"),
    "parent": ("run:1", "2", "slurm:3"),
}

BAD = {
    "server": [
        "localhost:8400",
        "ftp://a",
        "http://",
        "http://u:hush@a",
        "http://a:port",
        "http://a/?q",
    ],
    "proxy": [
        "proxy:3128",
        "https://proxy:3128",
        "socks5://proxy:1080",
        "http://proxy",
        "http://proxy:0",
        "http://me:hu/sh@proxy:3128",
        "http://proxy:3128/path",
        "http://proxy:3128?q",
    ],
    "ca_file": ["a\0b", "~nobody-of-that-name/x"],
    "token": ["two words", "line\nbreak", "\N{SNOWMAN}"],
    "zone": ["France", "F", "FR/1", "12"],
    "pue": ["0.99", "10.01", "1e400", "-1", "nan", "inf", "much"],
    "window_s": ["0", "-1", "abc", "nan", "inf", "901"],
    "sample_s": ["0", "1e9"],
    "cpu_tdp_w": ["0", "-5", "hot"],
    "exporter_url": [
        "127.0.0.1:9400/metrics",
        "unix:///a",
        "http://u:hush@a",
        "http://a:port/",
        "http://a/metrics?x=1",
        "http://a?",
    ],
    "probes": ["a", "a.b", "a:", ":b", "a:b c", "a:b;d:e", "../a:b"],
    "spool_max_mb": ["0", "0.5", "-1", "all", "1e9", "nan"],
    "spool_max_days": ["0", "-1", "long", "inf", "1e6"],
    "state_dir": ["a\0b", "~nobody-of-that-name/x"],
    "kind": ["train", "Training"],
    "discover": ["1", "maybe"],
    "podinfo_dir": ["a\0b", "~nobody-of-that-name/x"],
    "kubernetes_api": ["http://10.96.0.1", "10.96.0.1:443", "https://u:hush@a"],
    "serving_url": ["127.0.0.1:8000", "ftp://a/metrics", "http://a/metrics port=x"],
    "metrics_listen": ["9807", "localhost:9807", "127.0.0.1:70000", "127.0.0.1"],
    "metrics_jobs": ["0", "many", "1e9"],
    "log_format": ["xml", "JSON"],
    "model": ["x" * 513, "\udcff"],
}


def value_of(settings: Settings, key: str) -> object:
    """The value in force, setting or label."""
    return getattr(settings if hasattr(settings, key) else settings.labels, key)


def read_alone(key: str, text: str) -> object:
    """What one text alone is read as."""
    return value_of(load({key: text}, environ={"HOME": "/home/x"}), key)


def variable_of(key: str) -> str:
    """The environment variable of a key."""
    return f"JOULEBOOK_{key.upper()}"
