//! A job that waits to run, to those who end it from outside.

use std::sync::{Arc, Weak};

use crate::base::ids::PoolId;
use crate::base::panic::contain;
use crate::base::unrun::Unrun;
use crate::ending::registry;
use crate::job::header::Standing;
use crate::job::job_pool::JobPool;
use crate::job::runnable::{RunEnd, Runnable};

/// One job and its pool. Who may end a job keeps neither alive, nor writes to a count of the pool's for each job.
#[derive(Clone)]
pub(crate) struct Target {
    pool: PoolId,
    job: Weak<dyn RunEnd>,
}

impl Target {
    pub(crate) fn new(pool: PoolId, job: &Runnable) -> Self {
        Self { pool, job: job.downgrade() }
    }

    /// Ends jobs that wait to run:
    ///
    /// 1. Whoever waits for one of several is told, in line for room or for its outcome, before it has resolved.
    /// 2. One after the other is dequeued and resolved, which runs its destructors.
    ///
    /// For a destructor may wait for somebody who waits for a job that comes after; and so may whoever is woken in step 2 for a
    /// place that comes free. He has been told, finds that the job has ended, and resolves it himself. Where he is only about
    /// to wait, nothing is lost either: his waker is put into the cell before he looks, and taken from it once the end is
    /// noted there, both under the cell's lock.
    pub(crate) fn end_all(targets: &[Self], why: Unrun) {
        if targets.len() > 1 {
            targets.iter().for_each(|target| target.tell(why));
        }
        targets.iter().for_each(|target| target.dequeue(why));
    }

    fn tell(&self, why: Unrun) {
        let Some((pool, job)) = self.find() else { return };
        if job.header().standing() == Standing::InLine {
            pool.reject(job.header(), why);
        } else if let Some(waker) = job.end(why) {
            contain(|| waker.wake());
        }
    }

    /// Notes the end, and takes the job out of the queue or the line: step 4 of [`crate::ending::registration`].
    pub(crate) fn dequeue(&self, why: Unrun) {
        if let Some((pool, job)) = self.find() {
            job.header().end_unless_ended(why);
            pool.dequeue(job.header(), why);
        }
    }

    /// What is gone has resolved.
    fn find(&self) -> Option<(Arc<dyn JobPool>, Arc<dyn RunEnd>)> {
        let job = self.job.upgrade()?;
        Some((registry::find(self.pool)?, job))
    }
}
