"""A real OPC UA server for tests, in the process of the test or, to be killed, in its own."""

import asyncio
import contextlib
import logging
import sys
import threading
from collections.abc import AsyncIterator, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

from asyncua import Node, Server, ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.user_managers import UserManager
from tests.free_ports import free_port

URI = "urn:test:machine"
PASSWORD = "s3cret-Passw0rd"


class OneUser(UserManager):
    """Lets in `operator` with the password, nobody else."""

    def get_user(self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None) -> Any:
        text = password.decode() if isinstance(password, bytes) else password
        return User(role=UserRole.User) if (username, text) == ("operator", PASSWORD) else None


class Machine:
    """One server; `add` makes variables below an object "Machine"."""

    def __init__(self, server: Server, namespace: int, top: Node) -> None:
        self.server, self.namespace, self._top = server, namespace, top

    async def add(self, name: str, value: Any, kind: ua.VariantType) -> Node:
        return await self._top.add_variable(
            ua.NodeId(f"Machine.{name}", self.namespace), ua.QualifiedName(name, self.namespace), value, kind
        )


@contextlib.asynccontextmanager
async def machine(port: int, *, before: Sequence[str] = (), users: UserManager | None = None) -> AsyncIterator[Machine]:
    """Serve while the context lasts; `before` are namespaces that take the first indexes."""
    logging.getLogger("asyncua.server").setLevel(logging.CRITICAL)
    server = Server(user_manager=users)
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    if users is not None:
        server.set_identity_tokens([ua.UserNameIdentityToken])
    for uri in before:
        await server.register_namespace(uri)
    namespace = await server.register_namespace(URI)
    top = await server.nodes.objects.add_object(ua.NodeId("Machine", namespace), ua.QualifiedName("Machine", namespace))
    await server.start()
    try:
        yield Machine(server, namespace, top)
    finally:
        await server.stop()


class Served:
    """One server in a thread of its own, shared by tests that use variables of their own names; starting one takes a second."""

    def __init__(self) -> None:
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        assert self._ready.wait(60)

    async def _serve(self) -> None:
        async with machine(self.port) as self.machine:
            self._ready.set()
            await self._stop.wait()

    def add(self, name: str, value: Any, kind: ua.VariantType, data: ua.DataValue | None = None) -> Node:
        """Make a variable; `data` is what it shows first."""
        node = self.call(self.machine.add(name, value, kind))
        if data is not None:
            self.write(node, data)
        return node

    def write(self, node: Node, data: ua.DataValue | float) -> None:
        """Write from any thread, in order."""
        self.call(node.write_value(data))

    def call(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run something on the server's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()


async def count_forever(port: int) -> None:
    """Serve a counter that goes up as fast as it can; one line on the output once it counts."""
    async with machine(port) as served:
        node = await served.add("count", 0, ua.VariantType.UInt32)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        number = 0
        while True:
            for _ in range(20):
                number += 1
                await node.write_value(
                    ua.DataValue(ua.Variant(number, ua.VariantType.UInt32), SourceTimestamp=datetime.now(UTC))
                )
            await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(count_forever(int(sys.argv[1])))
