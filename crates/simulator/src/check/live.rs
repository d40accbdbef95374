//! What a tab's live queries have kept: I16.

use crate::run::scene::Scene;
use crate::run::tabs::Tab;
use crate::tally::{Broken, Invariant};

/// I16: what each live query of a tab has kept is what it gives when it is asked anew, row by row, with their
/// contents and in their order. Nothing is asked where nothing has changed since the last time.
///
/// # Errors
/// That it is not.
pub fn kept(scene: &Scene, tab: &Tab) -> Result<(), Broken> {
    // A page that is frozen hears of its changes when it goes on.
    if scene.world.is_frozen(tab.id) {
        return Ok(());
    }
    let (Some(shared), Some(live)) = (tab.signed_in(), tab.live()) else {
        return Ok(());
    };
    let (mut replica, mut live) = (shared.replica.borrow_mut(), live.borrow_mut());
    if live.is_known_right(&replica) {
        return Ok(());
    }
    scene.asked(Invariant::I16, live.queries().len());
    for query in live.queries() {
        let now = query.recomputed(&mut replica);
        if let Some(difference) = difference(&now, &query.result) {
            let why = format!("tab {}: {}: {difference}", tab.seat.0, query.question);
            return Err(Broken::new(Invariant::I16, why));
        }
    }
    live.is_right(&replica);
    live.move_on(&mut replica, scene.pick_of(tab.seat));
    Ok(())
}

/// The first place in which a kept result differs from what it should be.
fn difference(expected: &[String], kept: &[String]) -> Option<String> {
    let places = 0..expected.len().max(kept.len());
    let at = places
        .into_iter()
        .find(|at| expected.get(*at) != kept.get(*at))?;
    let show = |rows: &[String]| rows.get(at).map_or("nothing", String::as_str).to_owned();
    let (expected, kept) = (show(expected), show(kept));
    Some(format!("at {at} expected {expected}, kept {kept}"))
}
