"""A simulator of the Pneumatic API over real HTTP, for trying out, training and tests.

Written from the API's documentation alone, in pure standard library. It imports nothing of the other apps and they
import nothing of it: a mistake in our reading of the contract must not be made twice.
"""
