"""``make bench``: measure Pneumatic Dash against its peers, in the same run on the same machine.

Figures are medians of several repeats; where memory counts, each repeat is a separate process. Nothing here is
a test: timings are never asserted, the table names each bar that is missed.
"""
