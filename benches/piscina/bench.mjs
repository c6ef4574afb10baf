// What piscina, Node's pool of worker threads, takes for the jobs of the Rust benches, with as many threads.
//
// Prints a row `group,piscina,value,ns` for each group: the median time of an iteration that is as large as that of the
// Rust bench of the same name, so that the rows can stand side by side. With --serve the Rust bench says what to run, so
// that all take turns.

import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { Piscina } from "piscina";

const WORKERS = 2;
const BURST = 100_000;
const IN_FLIGHT = 1_024;
const GRAINS = [10, 100, 1_000];
// Of one processor, in an iteration of `grain`.
const WORK_IN_MICROSECONDS = 100_000;
const FEWEST_ITERATIONS = 3;
// Enough for both threads to have started and compiled what they run.
const WARM_UP_JOBS = 10_000;

const USAGE = `Usage: node bench.mjs [--seconds NUMBER | --serve]

Prints a row 'group,piscina,value,ns' for each group: the median time of an iteration.

  --seconds NUMBER  how long each group is measured, at least ${FEWEST_ITERATIONS} iterations [default: 1]
  --serve           answer each line 'group iterations' of the input with the nanoseconds that took, until it ends
  --help            this text
`;

function newPool() {
  const filename = new URL("./worker.mjs", import.meta.url).href;
  return new Piscina({ filename, minThreads: WORKERS, maxThreads: WORKERS });
}

function burst(pool, jobs, rounds) {
  return Promise.all(Array.from({ length: jobs }, () => pool.run(rounds)));
}

// A stream of empty jobs, of which so many are in flight: the oldest is awaited before the next is submitted.
async function bounded(pool) {
  const flight = new Array(IN_FLIGHT);
  for (let n = 0; n < BURST; n++) {
    await flight[n % IN_FLIGHT];
    flight[n % IN_FLIGHT] = pool.run(0);
  }
  await Promise.all(flight);
}

async function timed(iteration) {
  const start = process.hrtime.bigint();
  await iteration();
  return Number(process.hrtime.bigint() - start);
}

// From nothing to the first result. Ending the pool is not counted.
async function timedLife() {
  let pool;
  const time = await timed(async () => {
    pool = newPool();
    await pool.run(0);
  });
  await pool.destroy();
  return time;
}

async function measure(group, seconds, once) {
  const times = [];
  const end = performance.now() + seconds * 1_000;
  while (times.length < FEWEST_ITERATIONS || performance.now() < end) times.push(await once());
  times.sort((a, b) => a - b);
  const middle = times.length >> 1;
  const median = times.length % 2 ? times[middle] : (times[middle - 1] + times[middle]) / 2;
  console.log(`${group},piscina,${median},ns`);
}

// What there is to measure: a function for each group that times one iteration. The pool starts with the first.
async function groups(pool) {
  const unit = await pool.run(undefined, { name: "roundsPerMicrosecond" });
  const grain = (microseconds) => {
    const jobs = WORK_IN_MICROSECONDS / microseconds;
    return [`grain_${microseconds}us`, () => timed(() => burst(pool, jobs, microseconds * unit))];
  };
  return new Map([
    ["burst", () => timed(() => burst(pool, BURST, 0))],
    ["round_trip", () => timed(() => pool.run(0))],
    ["bounded", () => timed(() => bounded(pool))],
    ...GRAINS.map(grain),
    ["build", timedLife],
  ]);
}

async function withGroups(use) {
  const pool = newPool();
  await burst(pool, WARM_UP_JOBS, 0);
  await use(await groups(pool));
  await pool.destroy();
}

async function measureAll(groups, seconds) {
  for (const [group, once] of groups) await measure(group, seconds, once);
}

async function serve(groups) {
  for await (const line of createInterface({ input: process.stdin })) {
    const [group, iterations] = line.split(" ");
    const once = groups.get(group);
    if (!once || !(Number(iterations) >= 1)) throw new Error(`'${line}' is not 'group iterations'`);
    let time = 0;
    for (let n = 0; n < Number(iterations); n++) time += await once();
    console.log(time);
  }
}

function options() {
  const { values } = parseArgs({
    options: { seconds: { type: "string" }, serve: { type: "boolean" }, help: { type: "boolean" } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  const text = values.seconds ?? "1";
  const number = Number(text);
  if (text.trim() === "" || !(number >= 0 && number <= 3_600)) {
    throw new Error(`--seconds is '${text}': give a number from 0 to 3600`);
  }
  return { seconds: number, isServing: values.serve ?? false };
}

function optionsOrExit() {
  try {
    return options();
  } catch (error) {
    console.error(`error: ${error.message}\n\n${USAGE}`);
    return process.exit(2);
  }
}

const { seconds, isServing } = optionsOrExit();
await withGroups((groups) => (isServing ? serve(groups) : measureAll(groups, seconds)));
