"""The admin pages of deliveries: list, detail, replay."""
