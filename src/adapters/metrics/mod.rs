//! What a pool and a circuit breaker do, in numbers for the [metrics](https://docs.rs/metrics) facade: from there they get to
//! Prometheus, OpenTelemetry, StatsD or wherever the program's exporter sends them. Needs the cargo feature `metrics`, which is
//! off by default.
//!
//! [`PoolMetrics`] and [`BreakerMetrics`] read what the pool and the breaker count anyway, and write it to the recorder each
//! time they are told to [`publish`](PoolMetrics::publish). So a job or a call pays nothing for them.
//!
//! Once a scrape, where the program serves the text itself:
//!
//! ```
//! use corepool::Pool;
//! use corepool::metrics::PoolMetrics;
//! use metrics_exporter_prometheus::PrometheusBuilder;
//!
//! let exporter = PrometheusBuilder::new().install_recorder().unwrap(); // first: what is published before it is lost
//! let pool = Pool::builder().thread_name("thumbs").timings(true).build().unwrap();
//! let mut pool_metrics = PoolMetrics::new(&pool);
//!
//! let mut scrape = || {
//!     pool_metrics.publish();
//!     exporter.render()
//! };
//! pool.run(|| ()).unwrap();
//! assert!(scrape().contains(r#"corepool_jobs_total{pool="thumbs",outcome="completed"} 1"#));
//! ```
//!
//! Or once a second, where the exporter has a server or a connection of its own:
//!
//! ```
//! use corepool::Pool;
//! use corepool::breaker::CircuitBreaker;
//! use corepool::metrics::{BreakerMetrics, PoolMetrics};
//! use std::sync::mpsc::{RecvTimeoutError, channel};
//! use std::time::Duration;
//!
//! let (pool, breaker) = (Pool::new().unwrap(), CircuitBreaker::new());
//! let (mut pool_metrics, breaker_metrics) = (PoolMetrics::new(&pool), BreakerMetrics::new("database", &breaker));
//! let (stop, stopped) = channel::<()>();
//! let publisher = std::thread::spawn(move || {
//!     while stopped.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
//!         pool_metrics.publish();
//!         breaker_metrics.publish();
//!     }
//! });
//! // ... and when the program ends:
//! drop(stop);
//! publisher.join().unwrap();
//! ```
//!
//! # The metrics
//!
//! | name | kind | labels | what it tells |
//! |---|---|---|---|
//! | `corepool_workers` | gauge | `pool`, `state` = `busy`, `idle` | workers that run a job, and those that do not; see below |
//! | `corepool_jobs_running` | gauge | `pool` | jobs that run, also those that wait for others: may be more than there are workers |
//! | `corepool_queue_length` | gauge | `pool`, `priority` = `high`, `normal`, `low` | jobs that are queued |
//! | `corepool_queue_capacity` | gauge | `pool` | how many may be; absent where there is no bound |
//! | `corepool_broadcasts_queued` | gauge | `pool` | jobs of broadcasts that have not started, which take no place in the queue |
//! | `corepool_submitters_waiting` | gauge | `pool` | submitters that wait for room |
//! | `corepool_jobs_submitted_total` | counter | `pool` | jobs that were accepted |
//! | `corepool_jobs_total` | counter | `pool`, `outcome` = `completed`, `panicked`, `cancelled`, `expired`, `aborted` | jobs that have ended |
//! | `corepool_jobs_rejected_total` | counter | `pool`, `reason` = `full`, `timed_out`, `cancelled`, `shut_down` | submissions that were not accepted |
//! | `corepool_worker_busy_seconds_total` | counter | `pool`, `worker` | how long a worker ran jobs, in whole seconds; with timings |
//! | `corepool_job_wait_seconds` | histogram | `pool`, `priority` = `high`, `normal`, `low` | from a job's submission to its start; with timings |
//! | `corepool_job_run_seconds` | histogram | `pool`, `priority` = `high`, `normal`, `low` | from its start to its end; with timings |
//! | `corepool_job_cpu_seconds` | histogram | `pool`, `priority` = `high`, `normal`, `low` | how much of that its thread had a CPU; with timings, where the platform tells |
//! | `corepool_named_job_wait_seconds` | histogram | `pool`, `job` | the same for jobs that have a name, by name |
//! | `corepool_named_job_run_seconds` | histogram | `pool`, `job` | the same |
//! | `corepool_named_job_cpu_seconds` | histogram | `pool`, `job` | the same |
//! | `corepool_breaker_state` | gauge | `breaker`, `state` = `closed`, `open`, `half_open`, `forced_open`, `disabled`, `metrics_only` | 1 for the present state, 0 for the others |
//! | `corepool_breaker_window_calls` | gauge | `breaker`, `outcome` = `success`, `failure` | calls in its window; absent where it counts consecutive failures only |
//! | `corepool_breaker_window_slow_calls` | gauge | `breaker` | those of them that were slow; absent with them |
//! | `corepool_breaker_consecutive_failures` | gauge | `breaker` | failures since the last success |
//! | `corepool_breaker_rejections_total` | counter | `breaker` | calls that were not admitted |
//! | `corepool_breaker_late_results_total` | counter | `breaker` | results that came too late to count |
//! | `corepool_breaker_calls_total` | counter | `breaker`, `outcome` = `success`, `failure`, `ignored` | calls that have ended; if they are [counted](BreakerMetrics::with_calls) |
//! | `corepool_breaker_slow_calls_total` | counter | `breaker` | those of them that were slow; with them |
//! | `corepool_breaker_state_changes_total` | counter | `breaker` | changes of state, and changes by hand that lead to the same state |
//!
//! `pool` is the pool's [`name`](crate::Pool::name), `breaker` the name that you give. "With timings" is in pools that were
//! built with [`timings`](crate::Builder::timings). The first 64 names of a pool's jobs are told apart; all others are `other`.
//!
//! **Busy** workers are counted exactly with timings. Without them it is the number of running jobs, and all workers where
//! there are more of those: too many while jobs run others in their joins, or workers of other pools run some. `busy` and
//! `idle` always add up to the pool's workers, of which an [inline](crate::Builder::inline) pool has none.
//!
//! By itself the breaker counts no calls in all, so that a healthy call stays free of writes: ask for it, by
//! [`with_calls`](BreakerMetrics::with_calls).
//!
//! # What exporters make of it
//!
//! - **Names.** The counters end in `_total` and the times in `_seconds` as they are. Exporters append these where they are
//!   missing (metrics-exporter-prometheus if it is built `with_recommended_naming`), and change nothing here.
//! - **Histograms are summaries** in metrics-exporter-prometheus unless it is told which buckets you want:
//!   `set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &[0.001, 0.01, 0.1, 1.0, 10.0])`. Summaries cannot be added up
//!   over machines, and their quantiles are of the last minutes.
//! - **Precision.** A publication records each job's time as the middle of the pool's own bucket for it, which is an eighth
//!   wide: it is a sixteenth from the truth at most, and so is the sum. In an exporter's bucket one may come out on the wrong side of
//!   a bound that is as near.
//! - **Cost.** The facade takes a bucket's count only as so many values, one by one in metrics-exporter-prometheus: some 30 ns each
//!   to publish, as much to render, and 16 bytes until it renders or runs its upkeep. With timings a job makes three, with a name six.
//!   Where hundreds of thousands of jobs run in a second, take the other way:
//!
//! The crate `prometheus-client` has a trait `Collector`, which reads at each scrape. With [`WeakPool::report`] and
//! [`Times::buckets`] it gives Prometheus exact sums and cumulative buckets, at no cost for each job and without this feature. The
//! example `metrics` in the repository does it both ways.
//!
//! # Limits
//!
//! - **Install the recorder first.** What is published without one is lost to it; counters and gauges catch up, histograms do not.
//! - **One publisher for each pool.** Counters and gauges of two are the same, but histograms would count twice.
//! - **One name for each pool.** Pools of the same name write the same series: name yours by
//!   [`thread_name`](crate::Builder::thread_name). A counter never goes back: a pool that is built anew under the name of one that is gone
//!   shows nothing in counters until it has done more than that.
//! - **A pool that has ended** leaves its counters and histograms as they were published last, and its gauges at 0. To have
//!   everything in them, publish between [`shutdown`](crate::Pool::shutdown) and dropping the pool.
//! - A worker's busy seconds are whole ones, as the facade's counters are integers: take their rate over minutes.
//!
//! [`WeakPool::report`]: crate::WeakPool::report
//! [`Times::buckets`]: crate::Times::buckets

mod pool; // a pool's numbers
mod pool_times; // how long its jobs took
mod breaker; // a breaker's numbers
mod breaker_calls; // its calls, counted
mod series; // values on their way to a recorder
mod names; // what they are called there

pub use breaker::BreakerMetrics;
pub use pool::PoolMetrics;
