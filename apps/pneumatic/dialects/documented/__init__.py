"""The API as its public reference describes it."""
