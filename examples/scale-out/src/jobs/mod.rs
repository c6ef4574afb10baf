//! Jobs for many machines, on a Redis Stream with a consumer group: what producers and workers agree on.
//!
//! | key | what it has |
//! |---|---|
//! | `{NAME}:stream` | an entry for each job that has no result yet |
//! | `{NAME}:job:ID` | what has become of a job, for a time after it has ended |
//! | `{NAME}:dead` | an entry for each job that was given up, with the reason |
//!
//! An entry is delivered to one worker at a time. Redis remembers to whom, since when, and how often: that list is what is
//! *pending*. The life of a job:
//!
//! 1. *Add*: the record and the entry are made in one step, unless there is a record already. So a producer that got no answer adds
//!    the same job again, and it is there once. Nor if the stream is full: producers then wait.
//! 2. *Take*: a worker reads as many entries as its pool has room for.
//! 3. *Extend*: while it has them, it sets the time since the delivery back, long before that reaches the *visibility time*. In one
//!    step with the question whether they are still its own.
//! 4. *Finish*: the result goes to the record, unless there is one, and the entry goes away, in one step. There is no moment at
//!    which a job has neither an entry nor a result, and none in which a second result could take the place of the first.
//! 5. *Take over*: what has been pending for longer than the visibility time belongs to a worker that has died, hangs or cannot
//!    reach Redis. Any other claims it. Redis lets one of them have it, and counts one more delivery.
//! 6. *Begin*: the last delivery that a job may have counts when it begins, as it waits until its worker has nothing else. If the
//!    worker dies of something else before, the job has not lost it.
//! 7. *Bury*: what would be delivered once more than is allowed goes to the dead letters instead, in one step, if it is still nobody's.
//! 8. *Hand back*: what a worker has taken and does not begin, as it stops, becomes a new entry in the place of its own, in one
//!    step. It keeps its number of deliveries. None of these is its last: that is left, so that whoever has it takes it over, and
//!    runs it alone.
//! 9. *Leave*: as its last step a worker leaves to nobody what else Redis knows as its own, such as jobs that have failed and wait
//!    for another try. They are taken over from there, and Redis forgets the worker.
//!
//! At least once: the steps 3 and 5 cannot keep two workers from running the same job, when one of them was only slow (stopped,
//! swapped out, cut off). Step 4 sees to it that one result is stored.

mod delivery;
mod figures;
mod job;
mod place;
mod queue;
mod reader;
mod scripts;

pub(crate) use self::delivery::{Abandoned, Claimed, Delivery};
pub(crate) use self::job::{Id, Job, Record};
pub(crate) use self::place::Place;
pub(crate) use self::queue::{Added, Queue};
pub(crate) use self::reader::Reader;
