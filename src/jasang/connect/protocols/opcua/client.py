"""OPC UA: browse and subscribe through asyncua. Needs the extra `jasang[opcua]`.

Nodes are addressed by namespace URI (`nsu=urn:maker;s=Barrel.Zone1`), which survives a server that numbers its namespaces anew;
`ns=2;s=…` works too. asyncua gives times to one microsecond, OPC UA has ten times finer ones: the last digit is cut off.
"""

import asyncio
from dataclasses import replace

from asyncua import Client, ua

from jasang.connect.contract import Begun, Inbox, Link, Variable, WantedBranch, WantedSignal
from jasang.connect.protocols.opcua.address_space import browse_below
from jasang.connect.protocols.opcua.happenings import event_request, pass_on_events
from jasang.connect.protocols.opcua.hearing import KEEP_ALIVE, DirectSubscription, Hearing, Item, subscribe
from jasang.connect.protocols.opcua.history import fill_gaps, last_kept, with_history
from jasang.connect.protocols.opcua.names import enumeration_names, learn_structures
from jasang.connect.protocols.opcua.options import OpcUaOptions, OpcUaSignalOptions, check_options, options_of
from jasang.connect.protocols.opcua.session import (
    FAILURES,
    certificate_doubts,
    connect,
    disconnect,
    lost,
    node_at,
    parse_address,
)
from jasang.errors import ConnectionFailed
from jasang.plant.reading import Signal
from jasang.plant.text import Text

LIFETIME = 60.0  # s: the server forgets a subscription whose collector is gone
ITEMS_PER_REQUEST = 500  # servers limit the size of one request
EVENTS_HANDLE = 1  # signals are counted from there


class OpcUa:
    """The protocol as the collector knows it."""

    name = "opcua"
    schemes = ("opc.tcp",)
    address_example = "nsu=urn:maker;s=Barrel.Zone1"
    finds_signals = True
    options = OpcUaOptions
    signal_options = OpcUaSignalOptions

    def check_address(self, address: str) -> None:
        parse_address(address)

    def check(self, link: Link) -> None:
        check_options(link)

    async def browse(self, link: Link, address: str | None = None) -> tuple[Variable, ...]:
        client = await connect(link)
        try:
            return await browse_below(client, await node_at(client, link, address))
        except FAILURES as error:
            raise lost(link, error) from error
        finally:
            await disconnect(client)

    async def collect(self, link: Link, inbox: Inbox) -> None:
        client = await connect(link)
        events: asyncio.Task[None] | None = None
        try:
            hearing = Hearing(inbox, arrays_as_text=options_of(link).arrays == "text")
            client.connection_lost_callback = hearing.connection_lost
            subscription = await subscribe(client, _parameters(link), hearing)
            items, missing = await _items(client, link)
            kept = await last_kept(inbox, items)
            hearing.hold(kept)
            begun = await _monitor(link, subscription, hearing, items, missing)
            inbox.begun(replace(begun, doubts=certificate_doubts(client)))
            if options_of(link).events:
                events = asyncio.create_task(pass_on_events(client, link, inbox, hearing))
            await fill_gaps(link, inbox, hearing, items, kept)
            await hearing.until_lost(subscription)
        except FAILURES as error:
            raise lost(link, error) from error
        finally:
            if events is not None:
                events.cancel()
            await disconnect(client)


def _parameters(link: Link) -> ua.CreateSubscriptionParameters:
    interval = options_of(link).publishing_interval
    parameters = ua.CreateSubscriptionParameters()
    parameters.RequestedPublishingInterval = interval * 1000.0
    parameters.RequestedMaxKeepAliveCount = max(1, round(KEEP_ALIVE / interval))
    parameters.RequestedLifetimeCount = max(3 * parameters.RequestedMaxKeepAliveCount, round(LIFETIME / interval))
    parameters.MaxNotificationsPerPublish = 0  # no limit: a limit makes some servers drop the rest
    return parameters


async def _monitor(
    link: Link, subscription: DirectSubscription, hearing: Hearing, items: list[Item], missing: list[Text]
) -> Begun:
    kept: list[Signal] = []
    for first in range(0, len(items), ITEMS_PER_REQUEST):
        part = items[first : first + ITEMS_PER_REQUEST]
        requests = []
        for place, item in enumerate(part, start=EVENTS_HANDLE + 1 + first):
            hearing.expect(place, item)
            requests.append(_request(link, item, place))
        results = await subscription.create_monitored_items(requests)
        for item, result in zip(part, results, strict=True):
            signal = item.signal
            if isinstance(result, ua.StatusCode):
                missing.append(_no_such_signal(link, signal, result.name))
            else:
                kept.append(Signal(name=signal.name, asset=signal.asset, unit=signal.unit, address=signal.address))
    if options_of(link).events:
        (result,) = await subscription.create_monitored_items(
            [event_request(EVENTS_HANDLE, options_of(link).queue_size)]
        )
        if isinstance(result, ua.StatusCode):
            missing.append(
                Text(
                    ko=f"연결 {link.name!r}: 서버가 이벤트를 주지 않습니다: {result.name}",
                    en=f"connection {link.name!r}: the server gives no events: {result.name}",
                )
            )
        else:
            kept.append(Signal(name=f"{link.asset}.events", asset=link.asset, unit=None, address="i=2253"))
    if not kept:
        reasons = missing or [Text(ko="보이는 변수가 없습니다", en="the server shows no variable")]
        raise ConnectionFailed(
            ko=f"연결 {link.name!r}: 수집할 신호가 하나도 없습니다. {reasons[0].ko}",
            en=f"connection {link.name!r}: none of its signals can be collected; {reasons[0].en}",
        )
    return Begun(signals=tuple(kept), missing=tuple(missing))


async def _items(client: Client, link: Link) -> tuple[list[Item], list[Text]]:
    wanted, missing = list(link.signals), []
    for branch in link.branches:
        for variable in await browse_below(client, await node_at(client, link, branch.address)):
            wanted.append(_found(branch, variable))  # noqa: PERF401 — a list of awaits reads worse
    namespaces = await client.get_namespace_array()
    items: dict[str, Item] = {}
    for signal in wanted:
        try:
            node = await node_at(client, link, signal.address, namespaces)
            items.setdefault(signal.name, Item(signal=signal, node=node))
        except ConnectionFailed as error:
            missing.append(Text(ko=error.ko, en=error.en))
    nodes = [item.node.nodeid for item in items.values()]
    options = options_of(link)
    names = await enumeration_names(client, nodes) if options.enumerations == "names" else {}
    await learn_structures(client, [node for node in nodes if node not in names])
    past = await with_history(client, nodes) if options.history_hours > 0.0 and not link.trial else set()
    found = [
        replace(item, names=names.get(item.node.nodeid), history=item.node.nodeid in past) for item in items.values()
    ]
    return found, missing


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


def _request(link: Link, item: Item, handle: int) -> ua.MonitoredItemCreateRequest:
    options = options_of(link)
    parameters = ua.MonitoringParameters()
    parameters.ClientHandle = handle
    own = None if item.signal.options is None else item.signal.options.sampling_interval
    parameters.SamplingInterval = (options.sampling_interval if own is None else own) * 1000.0
    parameters.QueueSize = options.queue_size
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


def _no_such_signal(link: Link, signal: WantedSignal, status: str) -> Text:
    return Text(
        ko=f"연결 {link.name!r}: 신호 {signal.name!r}({signal.address})을(를) 서버가 주지 않습니다: {status}",
        en=f"connection {link.name!r}: the server does not give signal {signal.name!r} ({signal.address}): {status}",
    )
