//! Iterators over many jobs in a crowd: every item that is asked for has one result, and no more are than may be.

use std::sync::Arc;

use corepool::JobError;
use parking_lot::Mutex;

use super::{Actor, Record, job};
use crate::cast::Outcome;
use crate::crowd::{Order, Task, Window};

type Job = Box<dyn FnOnce() -> Outcome + Send>;

/// Of the items that were asked for, in their order.
type Records = Arc<Mutex<Vec<Arc<Record>>>>;

impl Actor {
    pub(super) fn map(&self, order: Order, window: Window, tasks: Vec<Task>) {
        let (records, most) = (Records::default(), tasks.len());
        let items = tasks.into_iter().enumerate().map(self.item_maker(&records));
        let run = |job: Job| job();
        match order {
            Order::Input => {
                self.take_results(order, window, &records, self.scene.pool.map(items, run).buffered(window.jobs))
            }
            Order::Any => {
                let results = self.scene.pool.map_unordered(items, run).buffered(window.jobs);
                self.take_results(order, window, &records, results);
            }
        }
        self.scene.expect(records.lock().len() <= most, || format!("a map of {} asks for too many items", self.list));
    }

    /// Writes each item down when it is asked for.
    fn item_maker(&self, records: &Records) -> impl FnMut((usize, Task)) -> Job + use<> {
        let (scene, records) = (Arc::clone(&self.scene), Arc::clone(records));
        let (list, place) = (self.list.clone(), self.place);
        move |(item, task)| {
            let record = Arc::new(Record::new(format!("{list}item{item}"), &list, place, task.panics()));
            scene.write_down(&record);
            records.lock().push(Arc::clone(&record));
            Box::new(job(&scene, &record, task))
        }
    }

    fn take_results(
        &self,
        order: Order,
        window: Window,
        records: &Records,
        mut results: impl Iterator<Item = Result<Outcome, JobError>>,
    ) {
        let (scene, list) = (&self.scene, &self.list);
        let mut taken = 0;
        while taken < window.taken {
            let result = results.next();
            let asked_for = records.lock().len();
            scene.expect(asked_for <= taken + window.jobs, || {
                format!("a map of {list} asks for {asked_for} items, of which {taken} were taken")
            });
            let Some(result) = result else {
                scene.expect(taken == asked_for, || format!("a map of {list} gives {taken} results of {asked_for}"));
                break;
            };
            match order {
                Order::Input => scene.hear(&Arc::clone(&records.lock()[taken]), &result),
                Order::Any => self.hear_of_any(records, &result),
            }
            taken += 1;
        }
        let left = records.lock().clone();
        left.iter().filter(|record| record.seen().end.is_none()).for_each(|record| record.seen().was_cancelled = true);
    }

    /// An error does not tell whose it is.
    fn hear_of_any(&self, records: &Records, result: &Result<Outcome, JobError>) {
        let Ok(outcome) = result else { return };
        let whose = records.lock().iter().find(|record| outcome.is_of(&record.life)).cloned();
        match whose {
            Some(record) => {
                let is_new = record.seen().end.is_none();
                self.scene.expect(is_new, || format!("{} comes twice", record.name));
                self.scene.hear(&record, result);
            }
            None => self.scene.expect(false, || format!("a map of {} gives a value of another's", self.list)),
        }
    }
}
