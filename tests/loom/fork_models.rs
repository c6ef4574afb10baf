//! Joins of halves: a thread that exposes, hands over, takes back, waits and unwinds; with workers that ask, sleep, take and run.
//!
//! What a half does it does to loom's cells, which find a missing order, and to borrowed ones: a half that outlives its join is
//! told by them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use loom::cell::UnsafeCell;

use super::*;
use crate::fork::each::Plain;
use crate::fork::fill;
use crate::steal::lane::{self, Call, Group, Lane, Settled};
use crate::steal::lanes::Lanes;
use crate::steal::loot::{Context, Reclaimed};

/// Opened by one half, and waited for by another.
#[derive(Default)]
pub(crate) struct Gate(Arc<Parker>);

impl Gate {
    pub(crate) fn open(&self) {
        Waker::from(Arc::clone(&self.0)).wake();
    }

    pub(crate) fn pass(&self) {
        self.0.park_until(None);
    }
}

/// A borrowed place that two threads must not be at without an order between them.
pub(crate) struct Place(UnsafeCell<u32>);

// SAFETY: loom fails the model where two threads would be at it at once.
#[allow(unsafe_code, reason = "loom's own cell, which checks what it allows")]
unsafe impl Sync for Place {}

impl Place {
    pub(crate) fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    #[allow(unsafe_code, reason = "see the type")]
    pub(crate) fn set(&self, value: u32) {
        // SAFETY: see the type.
        self.0.with_mut(|place| unsafe { *place = value });
    }

    #[allow(unsafe_code, reason = "see the type")]
    pub(crate) fn get(&self) -> u32 {
        // SAFETY: see the type.
        self.0.with(|place| unsafe { *place })
    }
}

/// Who has run a half.
fn me() -> &'static str {
    if current_worker().is_some() { "worker" } else { "caller" }
}

/// A worker that has fallen asleep: the orders are tried from there on.
fn spawn_sleeping_worker(pool: &Pool, index: usize) -> JoinHandle<()> {
    loom::stop_exploring();
    let worker = pool.spawn_worker(index);
    while pool.monitor().with_sides(|sides, _| sides.sleeping()) < index as u32 + 1 {
        thread::yield_now();
    }
    loom::explore();
    worker
}

fn end(pool: &Pool, workers: impl IntoIterator<Item = JoinHandle<()>>) {
    pool.shut_down(Shutdown::Drain);
    for worker in workers {
        worker.join().unwrap();
    }
}

#[test]
fn a_half_is_taken_back_or_taken_and_waited_for() {
    let ends = explore_bounded(4, || {
        let pool = Pool::new(1);
        let worker = spawn_sleeping_worker(&pool, 0);
        let place = Place::new();
        let (first, second) = pool.join(
            || me(),
            || {
                place.set(1);
                me()
            },
        );
        assert_eq!((first, place.get()), ("caller", 1));
        end(&pool, [worker]);
        second
    });
    assert_eq!(ends, ["caller", "worker"]);
}

/// The worker may be anywhere on its way to sleep when the join begins.
#[test]
fn a_worker_that_falls_asleep_may_be_in_time_for_a_half() {
    let ends = explore_bounded(3, || {
        let pool = Pool::new(1);
        let worker = pool.spawn_worker(0);
        let (_, second) = pool.join(|| (), me);
        end(&pool, [worker]);
        second
    });
    assert_eq!(ends, ["caller", "worker"]);
}

/// Wherever it is on its way to sleep: the first half counts on it.
#[test]
fn a_worker_that_falls_asleep_comes_for_a_half() {
    explore_bounded(2, || {
        let pool = Pool::new(1);
        let worker = pool.spawn_worker(0);
        let gate = Gate::default();
        pool.join(|| gate.pass(), || gate.open());
        end(&pool, [worker]);
    });
}

/// A worker that sleeps has asked, so the first join answers, and wakes it: the first half counts on that.
#[test]
fn a_worker_that_sleeps_comes_for_a_half() {
    explore_bounded(4, || {
        let pool = Pool::new(1);
        let worker = spawn_sleeping_worker(&pool, 0);
        let gate = Gate::default();
        pool.join(|| gate.pass(), || gate.open());
        end(&pool, [worker]);
    });
}

/// One that is woken for a half which has been taken back asks again.
#[test]
fn a_worker_that_was_woken_for_nothing_comes_for_the_next_half() {
    explore_bounded(2, || {
        let pool = Pool::new(1);
        let worker = spawn_sleeping_worker(&pool, 0);
        pool.join(|| (), || ());
        let gate = Gate::default();
        pool.join(
            || {
                while pool.monitor().with_sides(|sides, _| sides.sleeping()) == 0 {
                    thread::yield_now();
                }
                // Whatever has become of the first half: it sleeps, so it has asked since, and the outer half is handed over now.
                pool.join(|| gate.pass(), || ());
            },
            || gate.open(),
        );
        end(&pool, [worker]);
    });
}

/// The oldest half goes first, so the one below it stays.
#[test]
fn two_workers_that_sleep_get_two_halves() {
    explore_bounded(1, || {
        let pool = Pool::new(1);
        let workers = [0, 1].map(|index| spawn_sleeping_worker(&pool, index));
        let gates = [Gate::default(), Gate::default()];
        pool.join(
            || {
                gates[0].pass();
                pool.join(|| gates[1].pass(), || gates[1].open());
            },
            || gates[0].open(),
        );
        end(&pool, workers);
    });
}

/// The caller, or a second worker that waits for it, may run a part of the half that the worker runs.
#[test]
fn who_waits_takes_a_part_of_what_it_waits_for() {
    let ends = explore_bounded(2, || {
        let pool = Pool::new(1);
        let worker = spawn_sleeping_worker(&pool, 0);
        let place = Place::new();
        let (_, (second, part)) = pool.join(
            || (),
            || {
                let (_, part) = pool.join(
                    || (),
                    || {
                        place.set(1);
                        me()
                    },
                );
                (me(), part)
            },
        );
        assert_eq!(place.get(), 1);
        end(&pool, [worker]);
        (second, part)
    });
    let expected = [("caller", "caller"), ("caller", "worker"), ("worker", "caller"), ("worker", "worker")];
    assert_eq!(ends, expected);
}

/// What the first half has thrown goes on once the second one has ended, or was never begun.
#[test]
fn a_panic_of_the_first_half_waits_for_the_second() {
    let ends = explore_bounded(4, || {
        let pool = Pool::new(1);
        let worker = spawn_sleeping_worker(&pool, 0);
        let place = Place::new();
        let joined = catch_unwind(AssertUnwindSafe(|| {
            pool.join(|| resume_unwind(Box::new("first")), || place.set(1));
        }));
        assert_eq!(joined.unwrap_err().downcast_ref(), Some(&"first"));
        let has_run = place.get() == 1;
        place.set(2);
        end(&pool, [worker]);
        has_run
    });
    assert_eq!(ends, [false, true]);
}

#[test]
fn a_panic_of_the_second_half_is_the_joins() {
    explore_bounded(4, || {
        let pool = Pool::new(1);
        let worker = spawn_sleeping_worker(&pool, 0);
        let place = Place::new();
        let joined = catch_unwind(AssertUnwindSafe(|| {
            pool.join(
                || (),
                || {
                    place.set(1);
                    resume_unwind(Box::new("second"))
                },
            )
        }));
        assert_eq!(joined.unwrap_err().downcast_ref(), Some(&"second"));
        assert_eq!(place.get(), 1);
        end(&pool, [worker]);
    });
}

/// The worker exits, with the half or before it.
#[test]
fn a_half_ends_whoever_shuts_the_pool_down_meanwhile() {
    for mode in [Shutdown::Drain, Shutdown::Abort] {
        let ends = explore_bounded(3, move || {
            let pool = Pool::new(1);
            let worker = spawn_sleeping_worker(&pool, 0);
            let closer = pool.spawn(move |pool| pool.close(mode));
            let place = Place::new();
            let (_, second) = pool.join(
                || (),
                || {
                    place.set(1);
                    me()
                },
            );
            assert_eq!(place.get(), 1);
            closer.join().unwrap();
            end(&pool, [worker]);
            second
        });
        assert_eq!(ends, ["caller", "worker"], "{mode:?}");
    }
}

/// The half speaks for the job, whoever runs it.
#[test]
fn a_cancel_reaches_the_half_that_another_worker_runs() {
    let ends = explore_bounded(3, || {
        let pool = Pool::new(1);
        let workers = [0, 1].map(|index| spawn_sleeping_worker(&pool, index));
        let job = pool.queue({
            let pool = pool.clone();
            move || {
                let ran_on = current_worker();
                let (_, (elsewhere, stopped)) =
                    pool.join(|| (), || (current_worker() != ran_on, checkpoint().is_err()));
                (elsewhere, stopped)
            }
        });
        job.cancel();
        let ended = job.join().ok();
        end(&pool, workers);
        ended
    });
    let seen = |elsewhere, stopped| ends.contains(&Some((elsewhere, stopped)));
    assert!(seen(true, false) && seen(false, false) && seen(false, true), "{ends:?}");
}

/// A thread in joins comes and goes while a worker asks.
#[test]
fn a_worker_asks_threads_that_come_and_go() {
    explore_bounded(2, || {
        let pool = Pool::new(1);
        let worker = pool.spawn_worker(0);
        let other = pool.spawn(|pool| pool.join(|| 1, || 2));
        assert_eq!(pool.join(|| 3, || 4), (3, 4));
        assert_eq!(other.join().unwrap(), (1, 2));
        end(&pool, [worker]);
    });
}

/// Goes on with whatever runs in a half.
struct Anywhere;

impl Context for Anywhere {
    fn run(&self, halves: &mut dyn FnMut()) {
        halves();
    }
}

fn expose(lane: &Lane, half: impl FnMut() + Send + 'static) -> Call {
    let place = lane::Place { depth: 0, innermost: 0 };
    lane.expose(Box::leak(Box::new(half)), Group::NONE, place, || Arc::new(Anywhere))
}

/// Two of three are stolen at once. Their thread takes back what the thief has not begun, and waits for the one that is running.
#[test]
fn halves_that_were_stolen_together_are_each_run_once() {
    let ends = explore_bounded(4, || {
        let (lanes, places) = (Arc::new(Lanes::new(2)), Arc::new([(); 3].map(|()| Place::new())));
        let own = Arc::clone(lanes.of_worker(0));
        for index in 0..3 {
            let places = Arc::clone(&places);
            let call = expose(&own, move || places[index].set(1));
            assert_eq!(call, if index == 0 { Call::Worker } else { Call::Nobody });
        }
        let thief = thread::spawn({
            let lanes = Arc::clone(&lanes);
            move || lanes.run_oldest(lanes.of_worker(0), 2, lanes.of_worker(1), || ()).unwrap_or(0)
        });
        let mut taken_back = 0;
        for place in places.iter().rev() {
            let is_back = match own.settle() {
                Settled::TakenBack => true,
                Settled::Done => false,
                Settled::Stolen(half) => match half.reclaim() {
                    Reclaimed::TakenBack => true,
                    Reclaimed::Done => false,
                    Reclaimed::Running => {
                        let (parker, waker) = bell();
                        while !half.is_done() {
                            half.wait_with(waker.clone());
                            if !half.is_done() {
                                parker.park_until(None);
                            }
                        }
                        false
                    }
                },
            };
            assert_eq!(place.get(), u32::from(!is_back));
            taken_back += usize::from(is_back);
        }
        let ran = thief.join().unwrap();
        assert_eq!(ran + taken_back, 3);
        assert!(lanes.watch(), "there is nothing left to run");
        ran
    });
    assert_eq!(ends, [0, 1, 2]);
}

/// The oldest one waits for the one that may be stolen together with it, and their thread takes the youngest one back, so that none
/// is exposed. Whoever finds nothing to run leaves.
#[test]
fn a_half_that_was_stolen_together_with_a_long_one_is_found() {
    explore_bounded(3, || {
        let lanes = Arc::new(Lanes::new(3));
        let (own, gate) = (Arc::clone(lanes.of_worker(2)), Arc::new(Gate::default()));
        let opens = Arc::clone(&gate);
        let halves: [Box<dyn FnMut() + Send>; 3] =
            [Box::new(move || gate.pass()), Box::new(move || opens.open()), Box::new(|| ())];
        for half in halves {
            let _call = expose(&own, half);
        }
        let workers = [0, 1].map(|index| {
            let lanes = Arc::clone(&lanes);
            thread::spawn(move || {
                let (own, other) = (lanes.of_worker(index), lanes.of_worker(1 - index));
                loop {
                    let ran = [other, lanes.of_worker(2)].map(|from| lanes.run_oldest(from, 2, own, || ()));
                    if ran == [None, None] && lanes.watch() {
                        break;
                    }
                    thread::yield_now();
                }
            })
        });
        let _taken_back_or_stolen = own.settle();
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

/// Two of three items are cut off at once. Whoever does them, each is done once, in its place, before the call returns.
#[test]
fn items_are_done_by_the_caller_or_by_a_worker() {
    let ends = explore_bounded(2, || {
        let pool = Pool::new(1);
        let worker = spawn_sleeping_worker(&pool, 0);
        let places = [(); 3].map(|()| Place::new());
        let item = |place: &Place| {
            place.set(1);
            me()
        };
        let done_by = fill::map(pool.shared(), &places[..], &Plain(item)).unwrap();
        assert!(places.iter().all(|place| place.get() == 1));
        end(&pool, [worker]);
        done_by
    });
    let others = ends.iter().map(|done_by| done_by.iter().filter(|&&by| by == "worker").count());
    assert_eq!(others.collect::<BTreeSet<_>>(), BTreeSet::from([0, 1, 2]));
}

/// What was made is dropped, and nothing is done after that.
#[test]
fn a_panic_waits_for_the_other_items() {
    let ends = explore_bounded(2, || {
        let pool = Pool::new(1);
        let worker = spawn_sleeping_worker(&pool, 0);
        let place = Place::new();
        let item = |&panics: &bool| {
            if panics {
                resume_unwind(Box::new("an item"));
            }
            place.set(1);
            me()
        };
        let ended = catch_unwind(AssertUnwindSafe(|| fill::map(pool.shared(), &[true, false][..], &Plain(item))));
        assert_eq!(ended.unwrap_err().downcast_ref::<&str>(), Some(&"an item"));
        let is_done = place.get() == 1;
        end(&pool, [worker]);
        is_done
    });
    assert_eq!(ends, [false, true]);
}

/// A worker that sleeps is called for the half, though it finds a job first.
#[test]
fn a_half_and_a_queued_job_are_both_met() {
    let ends = explore_bounded(2, || {
        let pool = Pool::new(1);
        let worker = spawn_sleeping_worker(&pool, 0);
        let log = Log::default();
        let job = pool.queue(log.job("job"));
        pool.join(|| (), log.job("half"));
        job.join().unwrap();
        end(&pool, [worker]);
        log.ran()
    });
    assert_eq!(ends, [["half", "job"], ["job", "half"]]);
}
