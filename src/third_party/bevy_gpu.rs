//! Bevy 0.19: without a usable graphics driver the renderer panics on a thread of its own, with a page of backtrace.
//!
//! That panic is recognised by its text and reported like every other failure: one sentence, exit code 1. Obsolete when the
//! renderer's set-up returns an error (it does not in 0.20 either). Other panics are not affected.

use std::panic::{self, PanicHookInfo};

/// The beginning of the panic's text (`bevy_render::renderer`, `GPU_NOT_FOUND_ERROR_MESSAGE`).
const NO_GPU: &str = "Unable to find a GPU!";

/// Call once, before the app is built.
pub(crate) fn report_missing_driver() {
    let others = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if is_missing_gpu(info) {
            eprintln!(
                "opswall: no graphics driver can draw here: install one (on Debian and Ubuntu: apt install \
                 mesa-vulkan-drivers, which also draws without a GPU)"
            );
            std::process::exit(1);
        }
        others(info);
    }));
}

fn is_missing_gpu(info: &PanicHookInfo<'_>) -> bool {
    info.payload_as_str().is_some_and(|text| text.contains(NO_GPU))
}
