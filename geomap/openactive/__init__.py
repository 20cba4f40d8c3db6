"""OpenActive's open data of activities: feeds are read page by page (RPDE), and of each item only what is wanted stays.

`items.py` what is kept of an item, `rpde.py` one page, `feed.py` a feed as it is kept, `harvest.py` one read
to its end, `store.py` the file between two harvests. Nothing is imported here, so that who reads a saved file needs no
network.
"""
