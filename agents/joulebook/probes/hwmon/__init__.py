"""GPUs, sockets and boards through the kernel's hwmon drivers."""
