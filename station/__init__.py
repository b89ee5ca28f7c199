"""A service station: village, township, and, with hub/ on top, the city hall.

Holds what a running server is made of: its settings, the register, casework, staff accounts, the gate for
stations below it, the sync agent, and the pages. Rules of the domain live in schemas/, moving documents in sync/.
"""
