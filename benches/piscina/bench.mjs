// What piscina, Node's pool of worker threads, takes for the jobs of the Rust benches, with as many threads.
//
// Prints a row `group,piscina,value,ns` for each group: the median time of an iteration that is as large as that of the
// Rust bench of the same name, so that the rows can stand side by side.

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

const USAGE = `Usage: node bench.mjs [--seconds NUMBER]

Prints a row 'group,piscina,value,ns' for each group: the median time of an iteration.

  --seconds NUMBER  how long each group is measured, at least ${FEWEST_ITERATIONS} iterations [default: 1]
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

async function measureAll(seconds) {
  const pool = newPool();
  await burst(pool, WARM_UP_JOBS, 0);
  await measure("burst", seconds, () => timed(() => burst(pool, BURST, 0)));
  await measure("round_trip", seconds, () => timed(() => pool.run(0)));
  await measure("bounded", seconds, () => timed(() => bounded(pool)));
  const unit = await pool.run(undefined, { name: "roundsPerMicrosecond" });
  for (const microseconds of GRAINS) {
    const jobs = WORK_IN_MICROSECONDS / microseconds;
    await measure(`grain_${microseconds}us`, seconds, () => timed(() => burst(pool, jobs, microseconds * unit)));
  }
  await pool.destroy();
  await measure("build", seconds, timedLife);
}

function seconds() {
  const { values } = parseArgs({ options: { seconds: { type: "string" }, help: { type: "boolean" } } });
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  const text = values.seconds ?? "1";
  const number = Number(text);
  if (text.trim() === "" || !(number >= 0 && number <= 3_600)) {
    throw new Error(`--seconds is '${text}': give a number from 0 to 3600`);
  }
  return number;
}

function secondsOrExit() {
  try {
    return seconds();
  } catch (error) {
    console.error(`error: ${error.message}\n\n${USAGE}`);
    return process.exit(2);
  }
}

await measureAll(secondsOrExit());
