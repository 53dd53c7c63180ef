"""Reads a meter with the dlms-cosem library and prints what it read as one JSON object.

A separate program, used only as an independent peer in tests. The argument is that of gurux_read.py; referencing is LN,
ciphering always by general-glo. Raw A-XDR values are printed as hex beside what the library made of them.
"""

import json
import logging
import sys
from datetime import datetime

import structlog
from dlms_cosem import a_xdr, cosem, enumerations
from dlms_cosem.client import DlmsClient
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import RangeDescriptor
from dlms_cosem.io import BlockingTcpIO, HdlcTransport, TcpTransport
from dlms_cosem.parsers import AssociationObjectListParser
from dlms_cosem.security import (
    HighLevelSecurityGmacAuthentication,
    LowLevelSecurityAuthentication,
    NoSecurityAuthentication,
)
from dlms_cosem.time import datetime_from_bytes
from dlms_cosem.utils import parse_as_dlms_data

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


class EntryDescriptor:
    """The library declares one without encoding; this is the selector 2 of the standard."""

    def __init__(self, first, last):
        self.first, self.last = first, last

    def to_bytes(self):
        number = lambda n: b"\x06" + n.to_bytes(4, "big")  # noqa: E731
        return b"\x02\x02\x04" + number(self.first) + number(self.last) + b"\x12\x00\x01\x12\x00\x00"


class Hdlc(HdlcTransport):
    """The library takes a flag behind a check sequence that ends in 7E for the beginning of a frame and waits for its rest."""

    def recv_frame(self):
        return self.io.recv_until(end=b"\x7e")


def attribute(class_id, obis, number):
    return cosem.CosemAttribute(
        interface=enumerations.CosemInterface(class_id), instance=cosem.Obis.from_string(obis), attribute=number
    )


def authentication(s):
    if s["auth"] == "none":
        return NoSecurityAuthentication()
    if s["auth"] == "low":
        return LowLevelSecurityAuthentication(secret=s["password"].encode())
    return HighLevelSecurityGmacAuthentication(challenge_length=32)


def client(s):
    io = BlockingTcpIO(host=s["host"], port=s["port"], timeout=s.get("timeout", 10))
    if s["framing"] == "hdlc":
        transport = Hdlc(client_logical_address=s["client"], server_logical_address=s["server"], io=io)
    else:
        transport = TcpTransport(client_logical_address=s["client"], server_logical_address=s["server"], io=io)
    keys = {}
    if "systemTitle" in s:
        keys = {
            "encryption_key": bytes.fromhex(s["encryptionKey"]),
            "authentication_key": bytes.fromhex(s["authenticationKey"]),
            "client_system_title": bytes.fromhex(s["systemTitle"]),
            "client_initial_invocation_counter": s.get("counter", 1),
            "dedicated_ciphering": False,
        }
    return DlmsClient(transport=transport, authentication=authentication(s), **keys)


def read(c, step):
    what = step[0]
    if what == "objects":
        data = c.get(attribute(15, "0.0.40.0.0.255", 2))
        items = AssociationObjectListParser.parse_bytes(data)
        return [[int(i.interface), i.logical_name.to_string(), i.version] for i in items]
    if what == "register":
        raw = parse_as_dlms_data(c.get(attribute(3, step[1], 2)))
        scaler, unit = parse_as_dlms_data(c.get(attribute(3, step[1], 3)))
        return {"raw": raw, "scaler": scaler, "unit": unit}
    if what == "clock":
        return moment(parse_as_dlms_data(c.get(attribute(8, "0.0.1.0.0.255", 2))))
    if what == "data":
        return plain(parse_as_dlms_data(c.get(attribute(1, step[1], 2))))
    if what == "range":
        clock = CaptureObject(attribute(8, "0.0.1.0.0.255", 2))
        select = RangeDescriptor(clock, datetime.fromisoformat(step[2]), datetime.fromisoformat(step[3]))
        return rows(c, step[1], select)
    if what == "entries":
        return rows(c, step[1], EntryDescriptor(step[2], step[2] + step[3] - 1))
    raise ValueError(what)


def rows(c, obis, select):
    columns = parse_as_dlms_data(c.get(attribute(7, obis, 3)))
    buffer = parse_as_dlms_data(c.get(attribute(7, obis, 2), access_descriptor=select))
    names = [[k[0], ".".join(str(b) for b in k[1]), k[2]] for k in columns]
    clocks = [i for i, k in enumerate(names) if k[0] == 8]
    return {
        "columns": names,
        "rows": [[moment(v) if i in clocks else plain(v) for i, v in enumerate(row)] for row in buffer],
    }


def moment(octets):
    return datetime_from_bytes(octets)[0].isoformat()


def plain(value):
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    return [plain(v) for v in value] if isinstance(value, list) else value


def main():
    settings = json.loads(sys.argv[1])
    results = []
    try:
        with client(settings).session() as c:
            for step in settings["read"]:
                results.append(read(c, step))
        print(json.dumps({"ok": True, "results": results}))
    except Exception as error:  # the test wants the peer's own words
        print(json.dumps({"ok": False, "results": results, "error": f"{type(error).__name__}: {error}"}))


main()
