"""Reads a meter with the Gurux DLMS library and prints what it read as one JSON object.

A separate program, used only as an independent peer in tests. Its one argument is a JSON object:
host, port, framing (hdlc | wrapper), referencing (ln | sn), client, server, auth, password, security, systemTitle,
encryptionKey, authenticationKey, counter, dedicatedKey, info, window, pdu, timeout and `read`, a list of steps:
["objects"], ["register", obis, shortName?], ["clock", shortName?], ["data", obis, shortName?], ["list", [[class, obis, attribute]...]],
["range", obis, from, to], ["entries", obis, first, count], ["set-clock", iso],
["relay", obis, connected], ["relay-state", obis].
Octet strings are printed as hex, times as ISO text.
"""

import datetime
import json
import socket
import sys

from gurux_dlms import GXByteBuffer, GXDateTime, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, ObjectType, Security
from gurux_dlms.objects import GXDLMSClock, GXDLMSData, GXDLMSDisconnectControl, GXDLMSProfileGeneric, GXDLMSRegister
from gurux_dlms.objects.GXDLMSObject import GXDLMSObject
from gurux_dlms.secure import GXDLMSSecureClient

AUTHENTICATION = {
    "none": Authentication.NONE,
    "low": Authentication.LOW,
    "high": Authentication.HIGH,
    "high-md5": Authentication.HIGH_MD5,
    "high-sha1": Authentication.HIGH_SHA1,
    "high-gmac": Authentication.HIGH_GMAC,
    "high-sha256": Authentication.HIGH_SHA256,
}
SECURITY = {
    "none": Security.NONE,
    "authentication": Security.AUTHENTICATION,
    "encryption": Security.ENCRYPTION,
    "authentication-encryption": Security.AUTHENTICATION_ENCRYPTION,
}


class Meter:
    def __init__(self, s):
        self.hdlc = s["framing"] == "hdlc"
        self.client = GXDLMSSecureClient(
            s.get("referencing", "ln") == "ln",
            s["client"],
            s["server"],
            AUTHENTICATION[s["auth"]],
            s.get("password"),
            InterfaceType.HDLC if self.hdlc else InterfaceType.WRAPPER,
        )
        c = self.client
        self.ciphered = s.get("security", "none") != "none"
        if self.hdlc:
            c.hdlcSettings.maxInfoRX = c.hdlcSettings.maxInfoTX = s.get("info", 128)
            c.hdlcSettings.windowSizeRX = c.hdlcSettings.windowSizeTX = s.get("window", 1)
        if "pdu" in s:
            c.maxReceivePDUSize = s["pdu"]
        cipher = c.settings.cipher
        if "systemTitle" in s:
            cipher.systemTitle = bytearray.fromhex(s["systemTitle"])
            cipher.blockCipherKey = bytearray.fromhex(s["encryptionKey"])
            cipher.authenticationKey = bytearray.fromhex(s["authenticationKey"])
            cipher.invocationCounter = s.get("counter", 1)
            cipher.security = SECURITY[s.get("security", "none")]
        if "dedicatedKey" in s:
            cipher.dedicatedKey = bytearray.fromhex(s["dedicatedKey"])
        self.socket = socket.create_connection((s["host"], s["port"]), timeout=s.get("timeout", 10))

    def transfer(self, request, reply):
        self.socket.sendall(bytes(request))
        received, notify = GXByteBuffer(), GXReplyData()
        while not self.client.getData(received, reply, notify):
            chunk = self.socket.recv(65536)
            if not chunk:
                raise EOFError("the meter closed the connection")
            received.set(chunk)
        if reply.error != 0:
            raise RuntimeError(f"data-access-result {reply.error}")

    def exchange(self, requests):
        reply = GXReplyData()
        if not isinstance(requests, list):
            requests = [requests]
        for request in requests:
            reply.clear()
            self.transfer(request, reply)
            while reply.isMoreData():
                if reply.isStreaming():
                    raise RuntimeError("streaming is not used here")
                self.transfer(self.client.receiverReady(reply), reply)
        return reply

    def open(self):
        snrm = self.client.snrmRequest()
        if snrm:
            self.client.parseUAResponse(self.exchange(snrm).data)
        self.client.parseAareResponse(self.exchange(self.client.aarqRequest()).data)
        if self.client.getIsAuthenticationRequired():
            reply = self.exchange(self.client.getApplicationAssociationRequest())
            self.client.parseApplicationAssociationResponse(reply.data)

    def close(self):
        if not self.hdlc or self.ciphered:
            self.exchange(self.client.releaseRequest())
        if self.hdlc:
            self.exchange(self.client.disconnectRequest(True))
        self.socket.close()

    def read(self, item, attribute):
        reply = self.exchange(self.client.read(item, attribute))
        return self.client.updateValue(item, attribute, reply.value)

    def objects(self):
        reply = self.exchange(self.client.getObjectsRequest())
        found = self.client.parseObjects(reply.data, False)
        return [[int(o.objectType), o.logicalName, o.version, o.shortName] for o in found]

    def register(self, obis, short_name=0):
        item = GXDLMSRegister(obis, short_name)
        self.read(item, 3)
        raw = self.exchange(self.client.read(item, 2)).value
        scaled = self.client.updateValue(item, 2, raw)
        return {"raw": raw, "value": scaled, "scaler": item.scaler, "unit": int(item.unit)}

    def clock(self, short_name=0):
        item = GXDLMSClock("0.0.1.0.0.255", short_name)
        return self.read(item, 2)

    def data(self, obis, short_name=0):
        return self.exchange(self.client.read(GXDLMSData(obis, short_name), 2)).value

    def list(self, wanted):
        items = []
        for class_id, obis, attribute in wanted:
            item = self.client.createObject(ObjectType(class_id))
            item.logicalName = obis
            items.append((item, attribute))
        values = []
        for request in self.client.readList(items):
            values.extend(self.exchange(request).value)
        return values

    def profile(self, obis, short_name=0):
        item = GXDLMSProfileGeneric(obis, short_name)
        self.read(item, 3)
        return item

    def rows(self, item, request):
        reply = self.exchange(request)
        self.client.updateValue(item, 2, reply.value)
        columns = [[int(o.objectType), o.logicalName, c.attributeIndex] for o, c in item.captureObjects]
        return {"columns": columns, "rows": item.buffer}

    def range(self, obis, start, end, short_name=0):
        item = self.profile(obis, short_name)
        return self.rows(item, self.client.readRowsByRange(item, when(start), when(end)))

    def entries(self, obis, first, count, short_name=0):
        item = self.profile(obis, short_name)
        return self.rows(item, self.client.readRowsByEntry(item, first, count))

    def set_clock(self, text):
        item = GXDLMSClock("0.0.1.0.0.255")
        item.time = when(text)
        self.exchange(self.client.write(item, 2))
        return "ok"

    def relay(self, obis, connected):
        item = GXDLMSDisconnectControl(obis)
        self.exchange(item.remoteReconnect(self.client) if connected else item.remoteDisconnect(self.client))
        return "ok"

    def relay_state(self, obis):
        return self.read(GXDLMSDisconnectControl(obis), 2)


def when(text):
    return GXDateTime(datetime.datetime.fromisoformat(text))


def plain(value):
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, GXByteBuffer):
        return bytes(value.array()).hex()
    if isinstance(value, GXDateTime):
        return value.value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, GXDLMSObject):
        return str(value)
    if hasattr(value, "value") and not isinstance(value, (int, float, str)):
        return plain(value.value)
    return value if value is None or isinstance(value, (bool, float, str)) else int(value)


def main():
    settings = json.loads(sys.argv[1])
    meter = Meter(settings)
    results = []
    try:
        meter.open()
        for step in settings["read"]:
            results.append(plain(getattr(meter, step[0].replace("-", "_"))(*step[1:])))
        meter.close()
        print(json.dumps({"ok": True, "results": results}))
    except Exception as error:  # the test wants the peer's own words
        print(json.dumps({"ok": False, "results": results, "error": f"{type(error).__name__}: {error}"}))


main()
