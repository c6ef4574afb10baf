// The work, as naive as in Rust. On its own it is a job for one of piscina's threads.
//
// This and `once.cjs` are CommonJS modules, as a thread starts with them 4 ms sooner than with others.

module.exports = function fib(n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
};
