"""The demo city: a hub, two townships and four villages on loopback, real processes with real stores, and a journey
of 200 applications through all of them. Everything a person could do by hand, done over the same pages.
"""
