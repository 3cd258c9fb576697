"""The database: how long it may take, when it is ready, and what pages show while it is not."""
