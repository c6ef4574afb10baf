// The usual way to use all cores in Node, for comparison: a process for each core, and threads for what computes.
//
// `cluster` starts the processes, which share a port, and one that dies is replaced. A request for work gets a new worker
// thread of its own; with --threads there is a pool of them instead, piscina, which is the best that Node can do here.

import cluster from "node:cluster";
import { createServer } from "node:http";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import fib from "./fib.cjs";

const MAX_N = 45;

const USAGE = `Usage: node server.mjs [OPTIONS]

  --port NUMBER        of 127.0.0.1; 0 takes a free one [default: 8081]
  --processes NUMBER   that share the port [env: PROCESSES] [default: one for each core]
  --threads NUMBER     a pool of so many threads in each process, instead of a new thread for each job
  --help               this text

GET or POST /fib/{n} computes in a thread, /inline/{n} on the event loop; GET /healthz answers at once.
Prints its address when all processes listen, and stops on SIGTERM and SIGINT.
`;

class BadOption extends Error {}

function whole(name, text, low, high) {
  if (!/^\d{1,6}$/.test(text) || Number(text) < low || Number(text) > high) {
    throw new BadOption(`${name} is '${text}': give a whole number from ${low} to ${high}`);
  }
  return Number(text);
}

function options() {
  const texts = { port: { type: "string" }, processes: { type: "string" }, threads: { type: "string" } };
  const { values } = parseArgs({ options: { ...texts, help: { type: "boolean" } } });
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  const processes = values.processes ?? process.env.PROCESSES ?? String(availableParallelism());
  return {
    port: whole("--port", values.port ?? "8081", 0, 65_535),
    processes: whole("--processes", processes, 1, 256),
    threads: values.threads === undefined ? undefined : whole("--threads", values.threads, 1, 256),
  };
}

function optionsOrExit() {
  try {
    return options();
  } catch (error) {
    if (!(error instanceof BadOption) && !error.code?.startsWith("ERR_PARSE_ARGS")) throw error;
    console.error(`error: ${error.message}\n\n${USAGE}`);
    return process.exit(2);
  }
}

// What computes in another thread: a function of n that promises the value.
async function newCompute(threads) {
  if (threads === undefined) return inNewThread;
  const { Piscina } = await import("piscina");
  const filename = new URL("./fib.cjs", import.meta.url).href;
  const pool = new Piscina({ filename, minThreads: threads, maxThreads: threads });
  return (n) => pool.run(n);
}

function inNewThread(n) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./once.cjs", import.meta.url), { workerData: n });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

function respond(response, status, body) {
  response.writeHead(status, { "content-type": "application/json", "x-instance": String(process.pid) });
  response.end(JSON.stringify(body));
}

async function handle(request, response, compute) {
  if (request.url === "/healthz") {
    const uptime_seconds = Math.floor(process.uptime());
    return respond(response, 200, { instance: String(process.pid), pid: process.pid, uptime_seconds });
  }
  const [, kind, text] = /^\/(fib|inline)\/([^/?]+)$/.exec(request.url) ?? [];
  if (kind === undefined) return respond(response, 404, { error: `there is no ${request.url}` });
  if (request.method !== "GET" && request.method !== "POST") return respond(response, 405, { error: "GET or POST" });
  const n = /^\d{1,3}$/.test(text) ? Number(text) : NaN;
  if (!(n <= MAX_N)) return respond(response, 400, { error: `n is '${text}': give a whole number up to ${MAX_N}` });
  const value = kind === "inline" ? fib(n) : await compute(n);
  return respond(response, 200, { n, value, instance: String(process.pid) });
}

async function serve({ port, threads }) {
  const compute = await newCompute(threads);
  const server = createServer((request, response) => {
    handle(request, response, compute).catch((error) => respond(response, 500, { error: error.message }));
  });
  server.listen(port, "127.0.0.1");
}

// The first process: starts the others, and starts another one for each that dies.
function lead({ processes }) {
  let listening = 0;
  let isEnding = false;
  cluster.on("listening", (_, { port }) => {
    listening += 1;
    if (listening === processes) console.log(`http://127.0.0.1:${port}`);
  });
  cluster.on("exit", (worker) => {
    if (isEnding) return;
    // One that cannot even start would die for ever.
    if (listening < processes) {
      console.error("error: a process ended before it listened");
      process.exit(1);
    }
    console.error(`process ${worker.process.pid} died: starting another`);
    cluster.fork();
  });
  const end = () => {
    isEnding = true;
    for (const worker of Object.values(cluster.workers)) worker.process.kill("SIGKILL");
    process.exit(0);
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  for (let n = 0; n < processes; n++) cluster.fork();
}

const chosen = optionsOrExit();
if (cluster.isPrimary) lead(chosen);
else await serve(chosen);
