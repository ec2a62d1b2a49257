"""The joulebook server: takes batches, keeps the ledger, reports kWh and CO2e."""

__version__ = "0.1.0"
