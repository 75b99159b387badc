# Python imports this module at its start if the directory is on PYTHONPATH. The module
# binds sockets to loopback that would listen on all interfaces. wstest has no option for
# that.
import os
import socket
import sys

LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "<any>": "127.0.0.1", "::": "::1"}

# Python 2 wraps its sockets in this class. Python 3 has only one class.
Socket = getattr(socket, "_socketobject", socket.socket)
bind = Socket.bind


def bind_to_loopback(self, address):
    if isinstance(address, tuple) and address and address[0] in LOOPBACK:
        address = (LOOPBACK[address[0]],) + address[1:]
    return bind(self, address)


Socket.bind = bind_to_loopback

# A wrapper script of wstest may drop PYTHONPATH. This line proves that it does not.
if os.environ.get("WSCHECK_CONFIRM_LOOPBACK"):
    sys.stderr.write("wscheck: sockets stay on loopback\n")
