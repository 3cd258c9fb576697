"""The API of the current open-source server and the cloud."""
