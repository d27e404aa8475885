"""Relays frames between two interfaces, each way later by a given time: network-delay.py ONE OTHER MILLISECONDS."""

import collections
import select
import socket
import sys
import time

SOL_PACKET = 263
PACKET_VNET_HDR = 15
PACKET_OUTGOING = 4
ETH_P_ALL = 3
# A frame as large as the kernel hands over before it is cut to the wire's size, with its header.
MAX_FRAME_BYTES = 70_000
MAX_WAITING = 20_000


def open_interface(name):
    """With a header before each frame that says what of its checksum and its cutting is still to be done."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    sock.bind((name, 0))
    sock.setblocking(False)
    return sock


def main():
    one, other = open_interface(sys.argv[1]), open_interface(sys.argv[2])
    delay = float(sys.argv[3]) / 1000
    waiting = collections.deque()
    print("relaying", flush=True)
    while True:
        timeout = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        readable, _, _ = select.select([one, other], [], [], timeout)
        for source in readable:
            try:
                frame, address = source.recvfrom(MAX_FRAME_BYTES)
            except (BlockingIOError, OSError):
                continue
            if address[2] != PACKET_OUTGOING and len(waiting) < MAX_WAITING:
                waiting.append((time.monotonic() + delay, other if source is one else one, frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, target, frame = waiting.popleft()
            try:
                target.send(frame)
            except OSError:
                # As a switch whose port is full: the frame is lost.
                pass


main()
