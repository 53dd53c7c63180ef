"""The translator of the Gurux library for Python: each line of the input is one task, each line printed its answer.

to simple|standard HEX         the XML of a message, as hex of its UTF-8
from simple|standard HEX       the bytes that it makes of an XML text (hex of its UTF-8), as hex
An answer is "ok HEX" or "error WORDS".
"""

import sys

from gurux_dlms import GXByteBuffer, GXDLMSTranslator
from gurux_dlms.enums import TranslatorOutputType


def answer(line):
    task, form, octets = line.split()
    kinds = TranslatorOutputType
    translator = GXDLMSTranslator(kinds.SIMPLE_XML if form == "simple" else kinds.STANDARD_XML)
    translator.hex = True
    content = bytes.fromhex(octets)
    if task == "to":
        return translator.pduToXml(GXByteBuffer(content)).encode("utf-8").hex()
    made = translator.xmlToPdu(content.decode("utf-8"))
    return bytes(made.array() if isinstance(made, GXByteBuffer) else made).hex()


for line in sys.stdin:
    try:
        print("ok", answer(line))
    except Exception as error:  # What it cannot do is an answer too.
        print("error", " ".join(repr(error).split()))
