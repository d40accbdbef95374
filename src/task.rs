//! Futures that run by themselves, behind one type: what starts a future is compiled anew for each
//! type of future, and weighs more than most of what the futures here do.

#[cfg(not(target_arch = "wasm32"))]
pub use haversack_simulated_browser::spawn;
#[cfg(target_arch = "wasm32")]
pub use web::{promise, spawn};

#[cfg(target_arch = "wasm32")]
mod web {
    use crate::browser::thrown;
    use haversack_core::Error;
    use js_sys::Promise;
    use std::pin::Pin;
    use wasm_bindgen::JsValue;
    use wasm_bindgen_futures::{future_to_promise, spawn_local};

    type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

    /// Runs a future.
    pub fn spawn(future: impl Future<Output = ()> + 'static) {
        start(Box::pin(future));
    }

    /// Runs a future; the promise settles as it ends, and rejects with the error as JavaScript gets it.
    pub fn promise(future: impl Future<Output = Result<JsValue, Error>> + 'static) -> Promise {
        promised(Box::pin(future))
    }

    #[inline(never)]
    fn start(future: Boxed<()>) {
        spawn_local(future);
    }

    #[inline(never)]
    fn promised(future: Boxed<Result<JsValue, Error>>) -> Promise {
        future_to_promise(async move { future.await.map_err(|error| thrown(&error)) })
    }
}
