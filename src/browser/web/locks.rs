//! Web Locks: who leads, and which tabs are alive.
//!
//! web-sys has them only behind its unstable switch, so the four calls needed are declared here.

use crate::task::spawn;
use js_sys::{Array, Function, Object, Promise, Reflect};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortController;

#[wasm_bindgen]
extern "C" {
    type LockManager;
    #[wasm_bindgen(method)]
    fn request(this: &LockManager, name: &str, options: &JsValue, callback: &Function) -> Promise;
    #[wasm_bindgen(method)]
    fn query(this: &LockManager) -> Promise;

    #[wasm_bindgen(thread_local_v2, js_name = navigator)]
    static NAVIGATOR: JsValue;
}

fn manager() -> Option<LockManager> {
    let navigator = NAVIGATOR.with(Clone::clone);
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    locks.is_object().then(|| locks.unchecked_into())
}

/// A lock that is held, or waited for; dropping it gives it up.
pub struct Hold {
    release: Rc<RefCell<Option<Function>>>,
    abort: AbortController,
    _granted: Closure<dyn FnMut(JsValue) -> JsValue>,
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(release) = self.release.borrow_mut().take() {
            let _ = release.call0(&JsValue::UNDEFINED);
        } else {
            self.abort.abort();
        }
    }
}

/// How to come to a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Wait until nobody holds it.
    Wait,
    /// Take it from whoever holds it.
    Steal,
}

/// Asks for the lock and calls `granted` once it is held, which may be never; `lost` where it was
/// stolen since. None where the browser has no Web Locks.
pub fn hold(
    name: &str,
    claim: Claim,
    granted: Box<dyn FnOnce()>,
    lost: Box<dyn FnOnce()>,
) -> Option<Hold> {
    let manager = manager()?;
    let abort = AbortController::new().ok()?;
    let options = Object::new();
    // The browser knows no way to do both.
    let (option, value) = match claim {
        Claim::Wait => ("signal", abort.signal().into()),
        Claim::Steal => ("steal", JsValue::TRUE),
    };
    let _ = Reflect::set(&options, &option.into(), &value);
    let release: Rc<RefCell<Option<Function>>> = Rc::default();
    let (slot, held) = (release.clone(), release.clone());
    let mut granted = Some(granted);
    let callback = Closure::<dyn FnMut(JsValue) -> JsValue>::new(move |_lock| {
        let promise = Promise::new(&mut |resolve, _| {
            slot.borrow_mut().replace(resolve);
        });
        if let Some(granted) = granted.take() {
            granted();
        }
        promise.into()
    });
    let promise = manager.request(name, &options, callback.as_ref().unchecked_ref());
    // The promise rejects when the wait is aborted, which is no error, and when the lock is stolen.
    spawn(async move {
        let ended = JsFuture::from(promise).await;
        if ended.is_err() && held.borrow_mut().take().is_some() {
            lost();
        }
    });
    Some(Hold {
        release,
        abort,
        _granted: callback,
    })
}

/// Asks for the lock and waits for it. None where the browser has no Web Locks.
pub async fn hold_soon(name: &str) -> Option<Hold> {
    let mut held = None;
    let granted = Promise::new(&mut |resolve, _| {
        let resolved = resolve.clone();
        let granted = move || drop(resolved.call0(&JsValue::UNDEFINED));
        held = hold(name, Claim::Wait, Box::new(granted), Box::new(|| ()));
        if held.is_none() {
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    });
    let _ = JsFuture::from(granted).await;
    held
}

/// The names of all locks held now in this origin; None where the browser has no Web Locks.
pub async fn held() -> Option<Vec<String>> {
    let snapshot = JsFuture::from(manager()?.query()).await.ok()?;
    let held = Reflect::get(&snapshot, &"held".into()).ok()?;
    let name = |lock: JsValue| Reflect::get(&lock, &"name".into()).ok()?.as_string();
    Some(Array::from(&held).iter().filter_map(name).collect())
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use super::*;
    use crate::browser::{random_uuid, timer};
    use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

    wasm_bindgen_test_configure!(run_in_browser);

    type Order = Rc<RefCell<Vec<&'static str>>>;

    fn ask(name: &str, who: &'static str, order: &Order) -> Hold {
        let order = order.clone();
        let lost = order.clone();
        let granted = move || order.borrow_mut().push(who);
        let lost = move || lost.borrow_mut().push("lost");
        hold(name, Claim::Wait, Box::new(granted), Box::new(lost)).expect("Web Locks")
    }

    async fn until(order: &Order, wanted: &[&str]) {
        while order.borrow().len() < wanted.len() {
            timer::sleep(1).await;
        }
        assert_eq!(*order.borrow(), wanted);
    }

    #[wasm_bindgen_test]
    async fn a_lock_goes_from_one_to_the_next_in_the_order_of_asking() {
        let (name, order) = (random_uuid(), Order::default());
        let first = ask(&name, "first", &order);
        let second = ask(&name, "second", &order);
        let third = ask(&name, "third", &order);
        until(&order, &["first"]).await;
        // Who waits may give up, and then is never asked.
        drop(second);
        drop(first);
        until(&order, &["first", "third"]).await;
        drop(third);
        let fourth = ask(&name, "fourth", &order);
        until(&order, &["first", "third", "fourth"]).await;
        drop(fourth);
    }

    #[wasm_bindgen_test]
    async fn a_stolen_lock_is_lost_to_its_holder_and_comes_to_those_who_wait_later() {
        let (name, order) = (random_uuid(), Order::default());
        let first = ask(&name, "first", &order);
        let waiting = ask(&name, "waiting", &order);
        until(&order, &["first"]).await;
        let to = order.clone();
        let granted = move || to.borrow_mut().push("thief");
        let thief = hold(&name, Claim::Steal, Box::new(granted), Box::new(|| ()));
        let thief = thief.expect("Web Locks");
        while order.borrow().len() < 3 {
            timer::sleep(1).await;
        }
        let mut both = order.borrow()[1..].to_vec();
        both.sort_unstable();
        assert_eq!(both, ["lost", "thief"]);
        // What the first gives up is not its own any more.
        drop(first);
        timer::sleep(20).await;
        assert_eq!(order.borrow().len(), 3);
        drop(thief);
        while order.borrow().len() < 4 {
            timer::sleep(1).await;
        }
        assert_eq!(order.borrow()[3], "waiting");
        drop(waiting);
    }

    #[wasm_bindgen_test]
    async fn what_is_held_is_listed_and_what_waits_is_not() {
        let (held_one, order) = (random_uuid(), Order::default());
        let listed = async || {
            let all = held().await.expect("Web Locks");
            all.iter().filter(|name| **name == held_one).count()
        };
        let first = ask(&held_one, "first", &order);
        let waiting = ask(&held_one, "waiting", &order);
        until(&order, &["first"]).await;
        assert_eq!(listed().await, 1);
        drop(waiting);
        drop(first);
        while listed().await > 0 {
            timer::sleep(1).await;
        }
        assert_eq!(*order.borrow(), ["first"]);
    }
}
