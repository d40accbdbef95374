//! A panic ends the instance: what it left in memory is not trusted, so every database of the page
//! is told, and the page reopens from IndexedDB.

use crate::browser::to_object;
use crate::client::events::{ErrorView, Notice};
use haversack_core::{Error, ErrorCode};
use js_sys::Function;
use std::cell::RefCell;
use std::sync::Once;
use wasm_bindgen::JsValue;

thread_local! {
    static LISTENERS: RefCell<Vec<Function>> = const { RefCell::new(Vec::new()) };
}

/// Tells `listener` when the instance panics.
pub fn on_panic(listener: &Function) {
    static HOOK: Once = Once::new();
    LISTENERS.with_borrow_mut(|listeners| listeners.push(listener.clone()));
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let error = Error::new(
                ErrorCode::Internal,
                format!("Haversack has a defect: {info}"),
            )
            .hint("reload the page; what was durable is kept");
            let notice = to_object(&Notice::Closed {
                error: Some(ErrorView::from(&error)),
            });
            // A panic while the list is borrowed must not panic again.
            LISTENERS.with(|listeners| {
                let Ok(listeners) = listeners.try_borrow() else {
                    return;
                };
                for listener in listeners.iter() {
                    let _ = listener.call1(&JsValue::UNDEFINED, &notice);
                }
            });
        }));
    });
}
