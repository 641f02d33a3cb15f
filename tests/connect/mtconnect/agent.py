"""A small agent for tests, after the examples of the MTConnect standard (parts 1 to 3); no agent of others can be installed.

PyPI's `mtconnect` needs a function that Python 3.9 took away; the reference agent is C++ and in no registry at hand. What it
answers is split by the test wherever it hurts: in a boundary, in a length, in a letter of several bytes.
"""

import asyncio
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

DEVICES = """<?xml version="1.0" encoding="UTF-8"?>
<MTConnectDevices xmlns="urn:mtconnect.org:MTConnectDevices:1.8" xmlns:x="urn:maker.com:Extra:1.0">
 <Header creationTime="2026-05-04T01:00:00Z" sender="mtcagent" instanceId="{instance}" version="1.8.0.3" bufferSize="16"/>
 <Devices>
  <Agent id="ag" name="Agent"><DataItems><DataItem category="EVENT" id="agent_avail" type="AVAILABILITY"/></DataItems></Agent>
  <Device id="d1" name="VMC-3Axis" uuid="000">
   <Description manufacturer="대한정밀">머시닝센터</Description>
   <DataItems><DataItem category="EVENT" id="avail" type="AVAILABILITY"/></DataItems>
   <Components>
    <Axes id="ax" name="Axes"><Components>
     <Linear id="x" name="X"><DataItems>
      <DataItem category="SAMPLE" id="Xabs" name="Xabs" type="POSITION" subType="ACTUAL" units="MILLIMETER" nativeUnits="INCH"/>
      <DataItem category="SAMPLE" id="Xload" type="LOAD" units="PERCENT"/>
      <DataItem category="CONDITION" id="Xcond" type="TEMPERATURE"/>
     </DataItems></Linear></Components></Axes>
    <Controller id="cn" name="controller"><Components><Path id="p1" name="path"><DataItems>
      <DataItem category="SAMPLE" id="pos" name="pos" type="PATH_POSITION" units="MILLIMETER_3D"/>
      <DataItem category="EVENT" id="exec" name="execution" type="EXECUTION"/>
      <DataItem category="EVENT" id="parts" name="PartCount" type="PART_COUNT"/>
      <DataItem category="SAMPLE" id="vib" name="vibration" type="ACCELERATION" representation="TIME_SERIES" sampleRate="100"/>
      <DataItem category="EVENT" id="vars" name="vars" type="VARIABLE" representation="DATA_SET"/>
      <DataItem category="SAMPLE" id="x1" type="x:MAGIC"/>
    </DataItems></Path></Components></Controller>
   </Components>
  </Device>
 </Devices>
</MTConnectDevices>"""

CATEGORY = {"avail": "Events", "exec": "Events", "parts": "Events", "vars": "Events", "Xcond": "Condition"}


class Agent:
    """Keeps the last `size` observations; every new one is sent to whoever follows. `split` is the size of the pieces sent."""

    def __init__(self, *, size: int = 16, split: int = 7, streams: bool = True) -> None:
        self.size, self.split, self.streams = size, split, streams
        self.instance = 1
        self.start_anew()
        self.asked: list[str] = []
        self.lengths = True
        self.paused = False

    def start_anew(self) -> None:
        self.kept: list[tuple[int, str, str]] = []  # sequence, item, element
        self.next = 1
        self.latest: dict[str, tuple[int, str, str]] = {}

    def see(self, item: str, element: str) -> None:
        """An observation: `element` with %s where item and sequence go."""
        whole = (self.next, item, element % f'dataItemId="{item}" sequence="{self.next}"')
        self.kept = [*self.kept, whole][-self.size :]
        self.latest[item] = whole
        self.next += 1

    @property
    def first(self) -> int:
        return self.kept[0][0] if self.kept else self.next

    def _streams(self, seen: list[tuple[int, str, str]], next_sequence: int) -> str:
        groups: dict[str, list[str]] = {"Samples": [], "Events": [], "Condition": []}
        for _, item, element in seen:
            groups[CATEGORY.get(item, "Samples")].append(element)
        inside = "".join(f"<{name}>{''.join(found)}</{name}>" for name, found in groups.items() if found)
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<m:MTConnectStreams xmlns:m="urn:mtconnect.org:MTConnectStreams:1.8"'
            ' xmlns="urn:mtconnect.org:MTConnectStreams:1.8">'
            f'<Header creationTime="2026-05-04T01:00:00Z" instanceId="{self.instance}" version="1.8.0.3" bufferSize="{self.size}"'
            f' nextSequence="{next_sequence}" firstSequence="{self.first}" lastSequence="{self.next - 1}"/>'
            f'<Streams><DeviceStream name="VMC-3Axis" uuid="000"><ComponentStream component="Path" componentId="p1">{inside}'
            "</ComponentStream></DeviceStream></Streams></m:MTConnectStreams>"
        )

    def _error(self, code: str) -> str:
        return (
            '<MTConnectError xmlns="urn:mtconnect.org:MTConnectError:1.8"><Header creationTime="2026-05-04T01:00:00Z"'
            f' instanceId="{self.instance}" version="1.8.0.3" bufferSize="16"/><Errors>'
            f'<Error errorCode="{code}">{code} happened</Error></Errors></MTConnectError>'
        )

    def _sample(self, start: int, count: int) -> tuple[str, int, bool]:
        """The document, the next sequence, and whether anything is in it."""
        if start < self.first or start > self.next:
            return self._error("OUT_OF_RANGE"), start, True
        seen = [one for one in self.kept if one[0] >= start][:count]
        after = seen[-1][0] + 1 if seen else self.next
        return self._streams(seen, after), after, bool(seen)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = (await reader.readline()).decode()
            while (await reader.readline()).strip():
                pass
            url = urlsplit(line.split()[1])
            self.asked.append(url.path)
            query = {name: int(values[0]) for name, values in parse_qs(url.query).items()}
            device, _, what = url.path.strip("/").rpartition("/")
            if device not in ("", "VMC-3Axis"):
                await self._send(writer, self._error("NO_DEVICE"), 404)
            elif what == "probe":
                await self._send(writer, DEVICES.format(instance=self.instance))
            elif what == "current":
                await self._send(writer, self._streams(sorted(self.latest.values()), self.next))
            elif what == "sample" and self.streams and "interval" in query:
                await self._stream(writer, query["from"], query["count"], query["interval"] / 1000)
            elif what == "sample":
                await self._send(writer, self._sample(query["from"], query["count"])[0])
            else:
                await self._send(writer, "<html>no</html>", 404)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _send(self, writer: asyncio.StreamWriter, text: str, status: int = 200) -> None:
        body = text.encode()
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        )
        await writer.drain()

    async def _stream(self, writer: asyncio.StreamWriter, start: int, count: int, interval: float) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
            b'Content-Type: multipart/x-mixed-replace;boundary="--a1b2"\r\n\r\n'
        )
        quiet = 0.0
        while True:
            if self.paused:
                await asyncio.sleep(interval)
                continue
            text, start, full = self._sample(start, count)
            if full or quiet > 0.3:
                quiet = 0.0
                await self._part(writer, text)
                if "MTConnectError" in text:
                    writer.write(b"0\r\n\r\n")
                    return
            await asyncio.sleep(interval)
            quiet += interval

    async def _part(self, writer: asyncio.StreamWriter, text: str) -> None:
        body = text.encode()
        length = f"Content-length: {len(body)}\r\n" if self.lengths else ""
        part = f"\r\n----a1b2\r\nContent-type: text/xml\r\n{length}\r\n".encode() + body + b"\r\n"
        part += b"" if self.lengths else b"\r\n----a1b2"
        for piece in self._pieces(part):
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
            if self.split < 100:
                await asyncio.sleep(0)

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        for begin in range(0, len(data), self.split):
            yield data[begin : begin + self.split]
