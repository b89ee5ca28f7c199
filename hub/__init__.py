"""The city hub: the station at the top of the tree. Adds the desk (approval queues of the bureaus), the gate for all
2,324 stations, receipts, devices, and the demo city. What a station does already is imported from station/.
"""
