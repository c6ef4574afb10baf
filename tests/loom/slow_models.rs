//! Jobs that start while the keeper looks for slow ones, dozes off and dozes.
//!
//! There is no clock: no job here is slow. A round that has seen a job says when to come again, as there is one.

use super::*;

/// Of two workers.
fn board() -> Arc<Board> {
    let hook = Arc::new(Contained::new(Box::new(|_: &_| ()) as _));
    Arc::new(Board::new(2, Some(SlowOptions { limit: Duration::from_secs(3600), hook })))
}

/// What a worker is told that starts a job which does not end.
fn start_job(board: &Board, worker: usize) -> Call {
    let (cell, job) = new_cell(|| (), ());
    let (_begun, call) = board.begin(worker, &*cell, Tick::ZERO);
    job.reject();
    call
}

/// A job starts and ends, and the keeper is called for it.
fn wake(board: &Board) {
    let (cell, job) = new_cell(|| (), ());
    let (begun, call) = board.begin(0, &*cell, Tick::ZERO);
    assert!(call == Call::Keeper);
    board.end(0, &*cell, &begun, Done::Ran);
    job.reject();
}

#[test]
fn a_job_that_starts_while_the_keeper_dozes_off_is_seen_or_calls_it() {
    explore(|| {
        let board = board();
        wake(&board);
        let worker = {
            let board = Arc::clone(&board);
            thread::spawn(move || start_job(&board, 0))
        };
        let next = board.go_round();
        let call = worker.join().unwrap();
        assert!((call == Call::Keeper) != next.is_some(), "one of the two sees to it");
    });
}

#[test]
fn of_two_jobs_that_start_while_the_keeper_dozes_one_calls_it() {
    explore(|| {
        let board = board();
        wake(&board);
        assert_eq!(board.go_round(), None);
        let other = {
            let board = Arc::clone(&board);
            thread::spawn(move || start_job(&board, 1))
        };
        let calls = [start_job(&board, 0), other.join().unwrap()];
        assert_eq!(calls.into_iter().filter(|call| *call == Call::Keeper).count(), 1);
    });
}

#[test]
fn a_job_that_ends_while_the_keeper_looks_leaves_it_dozing_or_coming_again() {
    explore(|| {
        let board = board();
        wake(&board);
        let (cell, job) = new_cell(|| (), ());
        let (begun, call) = board.begin(0, &*cell, Tick::ZERO);
        assert!(call == Call::Nobody);
        let keeper = {
            let board = Arc::clone(&board);
            thread::spawn(move || board.go_round())
        };
        board.end(0, &*cell, &begun, Done::Ran);
        job.reject();
        let next = keeper.join().unwrap();
        assert!((start_job(&board, 0) == Call::Keeper) == next.is_none());
    });
}

/// Dozes whenever it is visited, and hears who wakes it.
#[derive(Default)]
struct Dozing(base::sync::Mutex<bool>);

impl Rounds for Dozing {
    fn first(&self) -> Option<Instant> {
        Some(Instant::now())
    }

    fn go_round(&self) -> Option<Instant> {
        *self.0.lock() = true;
        None
    }
}

#[test]
fn a_call_for_rounds_while_one_ends_leads_to_another() {
    explore(|| {
        let dozing = Arc::new(Dozing::default());
        let rounds: Arc<dyn Rounds> = Arc::<Dozing>::clone(&dozing);
        let options = ThreadOptions { name: "model".to_owned(), stack_size: None, on_start: Box::new(|| ()) };
        let keeper = Arc::new(Keeper::new(options, Some(rounds)));
        keeper.call_for_rounds();
        let worker = {
            let (dozing, keeper) = (Arc::clone(&dozing), Arc::clone(&keeper));
            thread::spawn(move || {
                let dozed = std::mem::take(&mut *dozing.0.lock());
                if dozed {
                    keeper.call_for_rounds();
                }
            })
        };
        keeper.go_one_round();
        worker.join().unwrap();
        let dozes = *dozing.0.lock();
        assert!(dozes != (keeper.alarms() == 1), "it dozes, or will come again");
    });
}
