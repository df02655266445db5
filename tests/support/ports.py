"""Ports for servers that tests and measurements start on 127.0.0.1."""

import socket


def free_port():
    """One that neither UDP nor TCP uses just now, nor will a client: half of what the kernel
    gives is below all that it gives."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as any_port:
            any_port.bind(("127.0.0.1", 0))
            port = any_port.getsockname()[1] // 2
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
