"""The API as its documentation describes it."""
