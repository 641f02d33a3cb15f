"""An OPC UA machine for tests of write-back: a setting, and a result that the setting moves; in a thread of its own."""

import asyncio
import threading
from functools import partial
from typing import Any

from asyncua import ua
from tests.connect.opcua.machine import URI, machine
from tests.free_ports import free_port

SETTING, RESULT, COUNT = (f"nsu={URI};s=Machine.{name}" for name in ("setting", "result", "count"))


class WritableMachine:
    """`slope` is how much the result goes up with the setting; `up` and `down` bring the server there and take it away."""

    def __init__(self, *, slope: float = 1.0, setting: float = 50.0) -> None:
        self.port, self.slope, self.held = free_port(), slope, {"setting": setting, "count": 7}
        self.deaf = False  # refuses to be written
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._context: Any = None
        self.up()

    def _call(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(90)

    @property
    def running(self) -> bool:
        return self._context is not None

    def up(self) -> None:
        self._call(self._up())

    def down(self) -> None:
        self._call(self._down())

    def value(self, name: str = "setting") -> Any:
        return self._call(self._nodes[name].read_value())

    def set(self, number: float, name: str = "setting") -> None:
        """As a person at the panel would."""
        kind = ua.VariantType.UInt16 if name == "count" else ua.VariantType.Double
        self._call(self._nodes[name].write_value(number, kind))

    async def _up(self) -> None:
        self._context = machine(self.port)
        served = await self._context.__aenter__()
        self._nodes = {
            "setting": await served.add("setting", float(self.held["setting"]), ua.VariantType.Double),
            "count": await served.add("count", int(self.held["count"]), ua.VariantType.UInt16),
            "result": await served.add("result", self._result(float(self.held["setting"])), ua.VariantType.Double),
        }
        for name in ("setting", "count"):
            await self._nodes[name].set_writable()
            served.server.set_attribute_value_setter(self._nodes[name].nodeid, partial(self._take, name))
        served.server.set_attribute_value_callback(self._nodes["result"].nodeid, self._show)

    def _take(self, name: str, node: Any, attribute: ua.AttributeIds, data: ua.DataValue) -> None:
        node.attributes[attribute].value = data
        self.held[name] = data.Value.Value

    def _show(self, _node: ua.NodeId, _attribute: ua.AttributeIds) -> ua.DataValue:
        return ua.DataValue(ua.Variant(self._result(float(self.held["setting"])), ua.VariantType.Double))

    def _result(self, setting: float) -> float:
        return 100.0 + self.slope * (setting - 50.0)

    async def _down(self) -> None:
        await self._context.__aexit__(None, None, None)
        self._context = None

    def close(self) -> None:
        if self._context is not None:
            self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
