"""Inference servers of this host: their pages, and whose process keeps them."""
