// An OPC UA server by others: node-opcua. Arguments: folder of the package, JSON settings. One JSON line on the output when ready;
// orders come as JSON lines on the input.
const [, , folder, text] = process.argv;
const settings = JSON.parse(text);
const { createRequire } = require("module");
const opcua = createRequire(folder + "/package.json")("node-opcua-server");
const part = createRequire(folder + "/package.json");
const { DataType, Variant, VariantArrayType } = part("node-opcua-variant");
const { StatusCodes } = part("node-opcua-status-code");
const { OPCUACertificateManager } = part("node-opcua-certificate-manager");

const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const held = { setpoint: 50.0, whole: 7 };

async function main() {
  const manager = new OPCUACertificateManager({ automaticallyAcceptUnknownCertificate: settings.accept ?? true, rootFolder: settings.pki });
  await manager.initialize();
  const server = new opcua.OPCUAServer({
    port: settings.port,
    hostname: "127.0.0.1",
    serverCertificateManager: manager,
    allowAnonymous: !settings.user,
    userManager: { isValidUser: (name, password) => name === settings.user && password === settings.password },
    serverInfo: { applicationName: { text: "foreign" }, applicationUri: "urn:foreign" },
    serverCapabilities: { operationLimits: { maxNodesPerRead: 1000, maxMonitoredItemsPerCall: 1000 } },
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  const own = space.registerNamespace("urn:foreign:machine");
  const machine = own.addObject({ organizedBy: space.rootFolder.objects, browseName: "Press", nodeId: "s=Press", eventNotifier: 1 });
  const add = (name, dataType, more) => own.addVariable({ componentOf: machine, browseName: name, nodeId: `s=Press.${name}`, dataType, minimumSamplingInterval: 10, ...more });
  const writable = (name, dataType) =>
    add(name, dataType, {
      accessLevel: "CurrentRead | CurrentWrite",
      userAccessLevel: "CurrentRead | CurrentWrite",
      value: { get: () => new Variant({ dataType, value: held[name] }), set: (v) => { held[name] = v.value; return StatusCodes.Good; } },
    });
  writable("setpoint", DataType.Float);
  writable("whole", DataType.UInt16);
  add("result", DataType.Double, { value: { get: () => new Variant({ dataType: DataType.Double, value: 100 + (held.setpoint - 50) }) } });
  const zones = add("zones", DataType.Double, { valueRank: 1, arrayDimensions: [0] });
  zones.setValueFromSource({ dataType: DataType.Double, arrayType: VariantArrayType.Array, value: [210.5, 222.0] });
  const mode = own.addEnumerationType({ browseName: "ModeType", enumeration: ["Off", "Auto", "Manual"] });
  const state = own.addVariable({ componentOf: machine, browseName: "mode", nodeId: "s=Press.mode", dataType: mode });
  state.setValueFromSource({ dataType: DataType.Int32, value: 1 });
  const past = add("past", DataType.Double);
  space.installHistoricalDataNode(past, { maxOnlineValues: 5000 });
  past.setValueFromSource({ dataType: DataType.Double, value: 0 });

  const kind = own.addObjectType({ browseName: "InjectionUnitType" });
  own.addVariable({ componentOf: kind, browseName: "Stroke", dataType: DataType.Double, modellingRule: "Mandatory" });
  kind.instantiate({ componentOf: machine, browseName: "Unit1", nodeId: "s=Press.Unit1" });

  const many = [];
  for (let i = 0; i < (settings.many ?? 0); i++) many.push(add(`n${i}`, DataType.Double));
  many.forEach((one) => one.setValueFromSource({ dataType: DataType.Double, value: 0 }));
  await server.start();
  say({ ready: true, pid: process.pid });

  let round = 0;
  const tell = () => {
    round += 1;
    const now = new Date();
    for (const one of many) one.setValueFromSource({ dataType: DataType.Double, value: round }, StatusCodes.Good, now);
    if (round < settings.rounds) setTimeout(tell, settings.every - (Date.now() % settings.every));
    else say({ rounds: round, cpu: process.cpuUsage() });
  };
  const orders = {
    rounds: () => tell(),
    past: ({ value }) => past.setValueFromSource({ dataType: DataType.Double, value }),
    event: ({ message, severity }) =>
      server.engine.addressSpace.rootFolder.objects.server.raiseEvent("SystemEventType", {
        message: { dataType: DataType.LocalizedText, value: { text: message } },
        severity: { dataType: DataType.UInt16, value: severity },
        sourceName: { dataType: DataType.String, value: "Press" },
      }),
    held: () => say({ held }),
    set: ({ name, value }) => { held[name] = value; },
  };
  require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
    const order = JSON.parse(line);
    orders[order.do](order);
    if (order.do !== "rounds" && order.do !== "held") say({ done: order.do });
  }).on("close", () => process.exit(0));
}
main().catch((error) => { say({ failed: String(error && error.stack) }); process.exit(1); });
