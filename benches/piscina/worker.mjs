// What runs on piscina's threads: jobs of so many rounds, and the measure of how long a round takes there.

const CALIBRATION_ROUNDS = 100_000;
const CALIBRATION_TRIES = 200;

// Keeps a processor busy for so many rounds.
function spin(rounds) {
  let x = 1;
  for (let round = 0; round < rounds; round++) x = Math.imul(x, 0x2545f491) ^ round;
  return x;
}

export default function job(rounds) {
  return spin(rounds);
}

// How many rounds take a microsecond: the fastest of many tries, as the others were disturbed or not yet compiled.
export function roundsPerMicrosecond() {
  let fastest = Infinity;
  for (let attempt = 0; attempt < CALIBRATION_TRIES; attempt++) {
    const start = process.hrtime.bigint();
    spin(CALIBRATION_ROUNDS);
    fastest = Math.min(fastest, Number(process.hrtime.bigint() - start));
  }
  return Math.max(1, Math.round((CALIBRATION_ROUNDS * 1_000) / Math.max(1, fastest)));
}
