// A thread that lives for one job.

const { parentPort, workerData } = require("node:worker_threads");
const fib = require("./fib.cjs");

parentPort.postMessage(fib(workerData));
