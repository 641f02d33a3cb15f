// An edge node by the npm package sparkplug-client, told what to do by lines of JSON on its input.
const { newClient } = require(process.argv[2] + "/node_modules/sparkplug-client");
const settings = JSON.parse(process.argv[3]);

const client = newClient({
  serverUrl: settings.url, username: "", password: "", groupId: settings.group, edgeNode: settings.node,
  clientId: settings.node, version: "spBv1.0", publishDeath: settings.publishDeath !== false, keepalive: 5,
  mqttOptions: { reconnectPeriod: 200 },
});
const say = (word, more) => process.stdout.write(JSON.stringify({ word, ...more }) + "\n");

function births() {
  const now = Date.now();
  client.publishNodeBirth({ timestamp: now, metrics: settings.nodeMetrics.map((m) => ({ timestamp: now, ...m })) },
    settings.compress ? { compress: true, algorithm: settings.compress } : undefined);
  for (const [device, metrics] of Object.entries(settings.devices)) {
    client.publishDeviceBirth(device, { timestamp: now, metrics: metrics.map((m) => ({ timestamp: now, ...m })) });
  }
  say("born");
}

client.on("birth", births);
client.on("ncmd", (payload) => {
  say("ncmd", { names: payload.metrics.map((m) => m.name), values: payload.metrics.map((m) => m.value), seq: payload.seq ?? null });
  if (payload.metrics.some((m) => m.name === "Node Control/Rebirth" && m.value === true)) births();
});
client.on("state", (online) => say("state", { online }));
client.on("error", (error) => say("error", { text: String(error) }));

require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const order = JSON.parse(line);
  if (order.do === "data") client.publishNodeData(order.payload);
  if (order.do === "ddata") client.publishDeviceData(order.device, order.payload, order.options);
  if (order.do === "dbirth") client.publishDeviceBirth(order.device, order.payload);
  if (order.do === "ddeath") client.publishDeviceDeath(order.device, { timestamp: Date.now() });
  if (order.do === "skip") client.incrementSeqNum();
  if (order.do === "births") births();
  if (order.do === "stop") { client.stop(); setTimeout(() => process.exit(0), 300); }
  if (order.do === "die") process.exit(1);
});
