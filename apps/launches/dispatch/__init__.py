"""Start launches, send them to Pneumatic, and record what it responded."""
