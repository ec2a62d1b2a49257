"""Readings that no agent of ours took: from a file into batches of the wire."""
