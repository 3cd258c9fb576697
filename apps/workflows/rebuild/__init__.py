"""Compute workflows again from stored deliveries, and show what differs."""
