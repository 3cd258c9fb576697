"""Workflows as pages and exports show them."""
