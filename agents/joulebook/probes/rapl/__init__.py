"""CPU packages and their memory through RAPL, as the powercap tree shows it."""
