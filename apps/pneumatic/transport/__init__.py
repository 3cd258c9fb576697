"""Requests to Pneumatic and its file services; nothing here knows what a workflow is."""
