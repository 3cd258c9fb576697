"""Workflows and their tasks on the current server: their paths, their shapes, and what webhooks have of them."""
