"""OPC UA: browse and subscribe through asyncua. Needs the extra `jasang[opcua]`.

Nodes are addressed by namespace URI (`nsu=urn:maker;s=Barrel.Zone1`), which survives a server that numbers its namespaces anew;
`ns=2;s=…` works too. asyncua gives times to one microsecond, OPC UA has ten times finer ones: the last digit is cut off.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from asyncua import Client, Node, ua
from pydantic import Field

from jasang.connect.contract import Begun, Inbox, Link, NoOptions, Options, Variable, WantedBranch, WantedSignal
from jasang.connect.protocols.opcua.address_space import browse_below
from jasang.connect.protocols.opcua.value import readings_of
from jasang.errors import ConnectionFailed
from jasang.plant.reading import Reading, Signal
from jasang.plant.text import Text

KEEP_ALIVE = 5.0  # s: a server with nothing to say still says so this often
LIFETIME = 60.0  # s: the server forgets a subscription whose collector is gone
ITEMS_PER_REQUEST = 500  # servers limit the size of one request
REFUSED = ("BadUserAccessDenied", "BadIdentityTokenRejected", "BadIdentityTokenInvalid", "BadSecurityModeRejected")

_log = logging.getLogger(__name__)
# Whatever a connection attempt may raise besides our own errors: the network, a refusal, an answer that is not OPC UA.
_FAILURES = (OSError, asyncio.TimeoutError, ua.UaError, asyncio.IncompleteReadError, EOFError)


class OpcUaOptions(Options):
    """Fields of an OPC UA connection: intervals in s; `queue_size` changes of one signal are kept between two messages."""

    publishing_interval: Annotated[float, Field(strict=False, ge=0.01, le=3600.0)] = 0.5
    sampling_interval: Annotated[float, Field(strict=False, ge=0.0, le=3600.0)] = 0.1
    queue_size: Annotated[int, Field(ge=1, le=1_000_000)] = 1000


class OpcUa:
    """The protocol as the collector knows it."""

    name = "opcua"
    schemes = ("opc.tcp",)
    address_example = "nsu=urn:maker;s=Barrel.Zone1"
    finds_signals = True
    options = OpcUaOptions
    signal_options = NoOptions

    def check_address(self, address: str) -> None:
        parse_address(address)

    def check(self, link: Link) -> None:
        """Nothing more to check: the fields of an OPC UA connection do not depend on each other."""

    async def browse(self, link: Link, address: str | None = None) -> tuple[Variable, ...]:
        client = await _connect(link)
        try:
            return await browse_below(client, await _node(client, link, address))
        except _FAILURES as error:
            raise _lost(link, error) from error
        finally:
            await _disconnect(client)

    async def collect(self, link: Link, inbox: Inbox) -> None:
        client = await _connect(link)
        handler = _Handler(inbox.deliver)
        client.connection_lost_callback = handler.connection_lost
        try:
            subscription = await client.create_subscription(_parameters(link), handler)
            inbox.begun(await _subscribe(client, link, subscription, handler))
            await handler.until_lost(subscription)
        except _FAILURES as error:
            raise _lost(link, error) from error
        finally:
            await _disconnect(client)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    signal: WantedSignal
    node: Node


class _Handler:
    """Takes notifications in the order in which they were sent."""

    def __init__(self, deliver: Callable[[Sequence[Reading]], int]) -> None:
        self._deliver = deliver
        self._names: dict[ua.NodeId, list[str]] = {}
        self._lost: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    def expect(self, items: list[_Item]) -> None:
        """Know the signals before the first notification of them can arrive."""
        for item in items:
            self._names.setdefault(item.node.nodeid, []).append(item.signal.name)

    def datachange_notification(self, node: Node, _value: Any, data: Any) -> None:
        received = datetime.now(UTC)
        for name in self._names.get(node.nodeid, ()):
            self._deliver(readings_of(name, data.monitored_item.Value, received))

    def status_change_notification(self, notification: ua.StatusChangeNotification) -> None:
        self._fail(ConnectionError(f"the server ended the subscription: {notification.Status.name}"))

    async def connection_lost(self, error: Exception) -> None:
        self._fail(error)

    def _fail(self, error: Exception) -> None:
        if not self._lost.done():
            self._lost.set_result(error)

    async def until_lost(self, subscription: Any) -> None:
        """Wait for the end; also ends a subscription that fell silent although the connection stands."""
        while True:
            done, _ = await asyncio.wait({self._lost}, timeout=KEEP_ALIVE)
            if done:
                error = self._lost.result()
                raise ConnectionError(str(error) or type(error).__name__) from error
            if subscription.is_stale(margin=3.0):
                raise ConnectionError("the server stopped sending")


async def _connect(link: Link) -> Client:
    client = Client(link.url, timeout=link.timeout)
    if link.username is not None:
        client.set_user(link.username)
        client.set_password(link.password or "")
    try:
        await client.connect()
    except _FAILURES as error:
        await _disconnect(client)
        raise _unreachable(link, error) from error
    return client


async def _disconnect(client: Client) -> None:
    """Close politely; a server that is gone gets no more than a moment."""
    # asyncua logs a traceback when it says goodbye to a server that is gone; our own log says that once, in one line.
    quiet = logging.getLogger("asyncua")
    level, quiet.level = quiet.level, logging.CRITICAL
    try:
        await asyncio.wait_for(client.disconnect(), timeout=3.0)
    except _FAILURES as error:
        _log.debug("while disconnecting: %r", error)
    finally:
        quiet.level = level


def _options(link: Link) -> OpcUaOptions:
    return link.options or OpcUaOptions()


def _parameters(link: Link) -> ua.CreateSubscriptionParameters:
    interval = _options(link).publishing_interval
    parameters = ua.CreateSubscriptionParameters()
    parameters.RequestedPublishingInterval = interval * 1000.0
    parameters.RequestedMaxKeepAliveCount = max(1, round(KEEP_ALIVE / interval))
    parameters.RequestedLifetimeCount = max(3 * parameters.RequestedMaxKeepAliveCount, round(LIFETIME / interval))
    parameters.MaxNotificationsPerPublish = 0  # no limit: a limit makes some servers drop the rest
    return parameters


async def _subscribe(client: Client, link: Link, subscription: Any, handler: _Handler) -> Begun:
    items, missing = await _items(client, link)
    kept: list[Signal] = []
    for first in range(0, len(items), ITEMS_PER_REQUEST):
        part = items[first : first + ITEMS_PER_REQUEST]
        handler.expect(part)
        results = await subscription.create_monitored_items([_request(subscription, link, item) for item in part])
        for item, result in zip(part, results, strict=True):
            signal = item.signal
            if isinstance(result, ua.StatusCode):
                missing.append(_no_such_signal(link, signal, result.name))
            else:
                kept.append(Signal(name=signal.name, asset=signal.asset, unit=signal.unit, address=signal.address))
    if not kept:
        reasons = missing or [Text(ko="보이는 변수가 없습니다", en="the server shows no variable")]
        raise ConnectionFailed(
            ko=f"연결 {link.name!r}: 수집할 신호가 하나도 없습니다. {reasons[0].ko}",
            en=f"connection {link.name!r}: none of its signals can be collected; {reasons[0].en}",
        )
    return Begun(signals=tuple(kept), missing=tuple(missing))


async def _items(client: Client, link: Link) -> tuple[list[_Item], list[Text]]:
    wanted, missing = list(link.signals), []
    for branch in link.branches:
        for variable in await browse_below(client, await _node(client, link, branch.address)):
            wanted.append(_found(branch, variable))  # noqa: PERF401 — a list of awaits reads worse
    items: dict[str, _Item] = {}
    for signal in wanted:
        try:
            items.setdefault(signal.name, _Item(signal=signal, node=await _node(client, link, signal.address)))
        except ConnectionFailed as error:
            missing.append(Text(ko=error.ko, en=error.en))
    return list(items.values()), missing


def _found(branch: WantedBranch, variable: Variable) -> WantedSignal:
    # Whoever browses from above the machine meets its name again in the path.
    path = variable.path.removeprefix(f"{branch.asset}.")
    return WantedSignal(
        name=f"{branch.asset}.{path}",
        asset=branch.asset,
        address=variable.address,
        unit=variable.unit,
        # A deadband is defined for numbers with a fraction; servers refuse it for counters and texts.
        deadband=branch.deadband if variable.data_type in ("Float", "Double") else None,
    )


def _request(subscription: Any, link: Link, item: _Item) -> ua.MonitoredItemCreateRequest:
    subscription._client_handle += 1  # asyncua counts here itself, but its public call knows no deadband with a list
    parameters = ua.MonitoringParameters()
    parameters.ClientHandle = subscription._client_handle
    parameters.SamplingInterval = _options(link).sampling_interval * 1000.0
    parameters.QueueSize = _options(link).queue_size
    parameters.DiscardOldest = True
    if item.signal.deadband is not None:
        parameters.Filter = ua.DataChangeFilter(
            Trigger=ua.DataChangeTrigger.StatusValue,
            DeadbandType=ua.DeadbandType.Absolute,
            DeadbandValue=item.signal.deadband,
        )
    request = ua.MonitoredItemCreateRequest()
    request.ItemToMonitor.NodeId = item.node.nodeid
    request.ItemToMonitor.AttributeId = ua.AttributeIds.Value
    request.MonitoringMode = ua.MonitoringMode.Reporting
    request.RequestedParameters = parameters
    return request


_WITH_URI = re.compile(r"nsu=(?P<uri>.+?);(?P<rest>[isgb]=.+)", re.DOTALL)


def parse_address(address: str) -> tuple[str | None, ua.NodeId]:
    """The namespace URI (if the address has one) and the node id with a still open namespace index.

    Raises `ValueError` for a text that is no node id.
    """
    found = _WITH_URI.fullmatch(address)
    try:
        if found is None:
            return None, ua.NodeId.from_string(address)
        return found["uri"], ua.NodeId.from_string(found["rest"])
    except (ua.UaError, ValueError) as error:
        raise ValueError(f"{address!r} is no OPC UA node id") from error


async def _node(client: Client, link: Link, address: str | None) -> Node:
    if address is None:
        return client.nodes.objects
    uri, node_id = parse_address(address)
    if uri is None:
        return client.get_node(node_id)
    namespaces = await client.get_namespace_array()
    if uri not in namespaces:
        raise ConnectionFailed(
            ko=f"연결 {link.name!r}: 서버에 네임스페이스 {uri!r} 이(가) 없습니다. 서버에 있는 것: {namespaces}",
            en=f"connection {link.name!r}: the server has no namespace {uri!r}; it has {namespaces}",
        )
    return client.get_node(ua.NodeId(node_id.Identifier, namespaces.index(uri), node_id.NodeIdType))


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _unreachable(link: Link, error: BaseException) -> ConnectionFailed:
    if type(error).__name__ in REFUSED:
        return ConnectionFailed(
            ko=f"연결 {link.name!r}: {link.url} 이(가) 사용자 {link.username or '익명'} 을(를) 거절했습니다"
            f"({type(error).__name__}). 사용자 이름과 비밀번호를 확인하세요.",
            en=f"connection {link.name!r}: {link.url} refuses user {link.username or 'anonymous'}"
            f" ({type(error).__name__}); check user name and password",
            permanent=True,
        )
    return ConnectionFailed(
        ko=f"연결 {link.name!r}: {link.url} 에 연결할 수 없습니다({_reason(error)}). 기계의 전원, 주소, 방화벽을 확인하세요.",
        en=f"connection {link.name!r}: cannot reach {link.url} ({_reason(error)}); is the machine on, the address right,"
        " the firewall open?",
    )


def _lost(link: Link, error: BaseException) -> ConnectionFailed:
    return ConnectionFailed(
        ko=f"연결 {link.name!r}: {link.url} 과(와) 연결이 끊겼습니다({_reason(error)}).",
        en=f"connection {link.name!r}: the connection to {link.url} is lost ({_reason(error)})",
    )


def _no_such_signal(link: Link, signal: WantedSignal, status: str) -> Text:
    return Text(
        ko=f"연결 {link.name!r}: 신호 {signal.name!r}({signal.address})을(를) 서버가 주지 않습니다: {status}",
        en=f"connection {link.name!r}: the server does not give signal {signal.name!r} ({signal.address}): {status}",
    )
