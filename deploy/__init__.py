"""How the dashboard is deployed: container, compose, systemd, proxy."""
