"""Compare workflows with Pneumatic and store what was missed."""
