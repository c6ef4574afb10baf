//! What a worker does between two jobs. Without a next one it *searches*: it spins for a moment, then takes another look;
//! only then does it sleep. The protocol with those who push, and why no wakeup is lost, is in [`crate::queue::sleep`].

use crate::base::ids::Epoch;
use crate::base::spin::spin_until;
use crate::job::runnable::Begun;
use crate::monitor::monitor::{Monitor, Taken};

/// The next job for a worker that has run the one `done`; waits for one. `None`: exit.
pub(crate) fn next_job(monitor: &Monitor, worker: usize, done: Option<Epoch>) -> Option<Begun> {
    let mut taken = monitor.take(worker, done);
    loop {
        match taken {
            Taken::Job(job) => return Some(job),
            Taken::Exit => return None,
            Taken::Half(half) => {
                half.run();
                taken = monitor.take(worker, None);
            }
            Taken::Nothing => {
                spin_until(|| monitor.may_have_work());
                taken = monitor.take_or_sleep(worker);
            }
        }
    }
}
