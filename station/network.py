"""Whether this computer has a network, asked of its own routes: no packet leaves. Knows no server."""

from __future__ import annotations

import socket

# A documentation address (RFC 5737): nobody's, and reached by the default route if by any.
SOMEWHERE = ("192.0.2.1", 9)


def outward() -> str:
    """The address by which this computer would go out; "" where it has no way out. A cable, a phone's hot spot and a modem that
    comes and goes change it at once."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.connect(SOMEWHERE)  # of a datagram socket: looks the route up, and sends nothing
            return str(asking.getsockname()[0])
    except OSError:
        return ""
