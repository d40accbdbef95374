//! One-shot timers.

use crate::world::World;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Poll, Waker};

/// An armed timer; dropping it disarms it.
pub struct Timer {
    armed: Rc<Cell<bool>>,
}

impl Timer {
    /// Calls back once after `delay_ms`.
    pub fn after(delay_ms: u64, callback: impl FnOnce() + 'static) -> Self {
        let armed = Rc::new(Cell::new(true));
        let still = armed.clone();
        World::with(|world| {
            world.schedule_here(delay_ms * 1_000, move || {
                if still.get() {
                    callback();
                }
            });
        });
        Self { armed }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.armed.set(false);
    }
}

/// Resolves after `delay_ms`.
pub async fn sleep(delay_ms: u64) {
    let signal = Signal::default();
    let ring = signal.clone();
    World::with(|world| world.schedule_here(delay_ms * 1_000, move || ring.set()));
    signal.wait().await;
}

/// Wakes one future, once.
#[derive(Clone, Default)]
pub(crate) struct Signal {
    inner: Rc<(Cell<bool>, RefCell<Option<Waker>>)>,
}

impl Signal {
    pub(crate) fn set(&self) {
        self.inner.0.set(true);
        if let Some(waker) = self.inner.1.take() {
            waker.wake();
        }
    }

    pub(crate) async fn wait(&self) {
        std::future::poll_fn(|context| {
            if self.inner.0.get() {
                return Poll::Ready(());
            }
            self.inner.1.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}
