"""A small DNS server for one address of loopback, port 53 over UDP and TCP, that can also be a bad one."""
import os
import random
import socket
import struct
import threading

A, CNAME, AAAA = 1, 5, 28
NXDOMAIN, SERVFAIL = 3, 2


def encoded(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def question_of(message):
    """(name, type, the question's bytes)."""
    parts, at = [], 12
    while message[at]:
        parts.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(parts).lower(), struct.unpack(">H", message[at + 1:at + 3])[0], message[12:at + 5]


def answer(message, records=(), code=0, truncated=False):
    """A reply to `message`; a record is (name, type, value)."""
    _, _, question = question_of(message)
    flags = 0x8180 | code | (0x0200 if truncated else 0)
    text = message[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0) + question
    for name, kind, value in records:
        data = encoded(value) if kind == CNAME else socket.inet_aton(value)
        text += encoded(name) + struct.pack(">HHIH", kind, 1, 1, len(data)) + data
    return text


class NameServer:
    """`names` maps a full name to an IPv4 address, or to another name. `faults(message, name, count, over_tcp)` may
    answer in place of that: a list of datagrams (none: silence), or None."""

    def __init__(self, names, faults=None):
        self.names, self.faults = dict(names), faults
        self.asked, self.over_tcp = [], 0
        self.address = f"127.78.{random.randint(1, 254)}.{random.randint(1, 254)}"
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((self.address, 53))
        self.tcp = socket.create_server((self.address, 53))
        for work in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=work, daemon=True).start()

    def close(self):
        # The threads are daemons that wait in these; a closed one is not served any more.
        for one in (self.udp, self.tcp):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def _replies(self, message, over_tcp):
        name, kind, _ = question_of(message)
        self.asked.append((name, kind))
        if self.faults:
            replies = self.faults(message, name, len(self.asked), over_tcp)
            if replies is not None:
                return replies
        records, target = [], name
        while target in self.names and not self.names[target][0].isdigit():
            records.append((target, CNAME, self.names[target]))
            target = self.names[target]
        if target not in self.names:
            return [answer(message, code=NXDOMAIN)]
        if kind == A:
            records.append((target, A, self.names[target]))
        return [answer(message, records)]

    def _serve_udp(self):
        while True:
            try:
                message, client = self.udp.recvfrom(4096)
                if not message:  # closed
                    return
                for reply in self._replies(message, False):
                    self.udp.sendto(reply, client)
            except OSError:
                return

    def _serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                # A and AAAA come over one connection.
                try:
                    while True:
                        head = connection.recv(2, socket.MSG_WAITALL)
                        if len(head) < 2:
                            break
                        message = connection.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL)
                        self.over_tcp += 1
                        for reply in self._replies(message, True):
                            connection.sendall(struct.pack(">H", len(reply)) + reply)
                except OSError:
                    pass


def garbage(message):
    """Datagrams that are no answer to `message`, and then none that is."""
    right = answer(message)
    other = encoded("somebody.else") + struct.pack(">HH", A, 1)
    return [
        b"", b"\0", os.urandom(300), right[:11], bytes([right[0] ^ 0xFF]) + right[1:],
        message[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + other + encoded("somebody.else")
        + struct.pack(">HHIH", A, 1, 1, 4) + b"\x7f\0\0\x01",
        # A name that points at itself, behind the right question.
        message[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + question_of(message)[2] + b"\xc0\xff",
    ]
