//! Futures of tabs. They run as microtasks do: after the event that woke them, before the next one.

use crate::world::{TabId, World};
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

type Future = Pin<Box<dyn std::future::Future<Output = ()>>>;

/// Tasks that are ready; wakers have to be shareable, so it has a lock, which nobody contends for.
type Ready = Arc<Mutex<VecDeque<u64>>>;

struct Alarm {
    task: u64,
    ready: Ready,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        // As a promise settles once, so a task is woken once.
        if !ready.contains(&self.task) {
            ready.push_back(self.task);
        }
    }
}

/// The tasks of a world.
#[derive(Default)]
pub(crate) struct Tasks {
    running: BTreeMap<u64, (TabId, Option<Future>)>,
    ready: Ready,
    last: u64,
}

impl Tasks {
    pub(crate) fn add(&mut self, tab: TabId, future: Future) {
        self.last += 1;
        self.running.insert(self.last, (tab, Some(future)));
        self.waker(self.last).wake();
    }

    fn waker(&self, task: u64) -> Waker {
        let ready = self.ready.clone();
        Waker::from(Arc::new(Alarm { task, ready }))
    }

    /// The next task that can go on, taken out.
    pub(crate) fn next(&mut self) -> Option<(u64, TabId, Future, Waker)> {
        loop {
            let task = self
                .ready
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front()?;
            // One of a tab that is gone wakes nobody.
            if let Some((tab, future)) = self.running.get_mut(&task)
                && let Some(future) = future.take()
            {
                let tab = *tab;
                return Some((task, tab, future, self.waker(task)));
            }
        }
    }

    /// Puts a task back that is not done.
    pub(crate) fn put_back(&mut self, task: u64, future: Future) -> Option<Future> {
        match self.running.get_mut(&task) {
            Some((_, place)) => {
                *place = Some(future);
                None
            }
            // Its tab was killed by what it did.
            None => Some(future),
        }
    }

    pub(crate) fn done(&mut self, task: u64) {
        self.running.remove(&task);
    }

    /// Takes out all tasks of a tab, to be dropped where nothing is borrowed.
    pub(crate) fn of_tab(&mut self, tab: TabId) -> Vec<Future> {
        let mine: Vec<u64> = self
            .running
            .iter()
            .filter(|(_, (of, _))| *of == tab)
            .map(|(task, _)| *task)
            .collect();
        let taken = mine.iter().filter_map(|task| self.running.remove(task));
        taken.filter_map(|(_, future)| future).collect()
    }
}

/// Runs a future in the tab that asks.
pub fn spawn(future: impl std::future::Future<Output = ()> + 'static) {
    World::with(|world| world.add_task(Box::pin(future)));
}

/// Runs all tasks that can go on, until none can.
pub(crate) fn settle(world: &World) {
    while let Some((task, tab, mut future, waker)) = world.next_task() {
        let polled = world.as_tab(tab, || {
            future.as_mut().poll(&mut Context::from_waker(&waker))
        });
        match polled {
            Poll::Ready(()) => {
                world.task_done(task);
                world.as_tab(tab, || drop(future));
            }
            Poll::Pending => {
                if let Some(future) = world.put_back(task, future) {
                    world.as_tab(tab, || drop(future));
                }
            }
        }
    }
}
