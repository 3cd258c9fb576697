"""The API of the open-source server and of the cloud, as of 2026."""
