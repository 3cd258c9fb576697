"""Read a submitted launch form once, and what a form opens with."""
