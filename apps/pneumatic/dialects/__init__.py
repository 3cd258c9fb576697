"""The APIs that Pneumatic servers have: paths, shapes, values and steps of each."""
