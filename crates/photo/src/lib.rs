//! The photo engine: the evidence behind every verdict on "is this picture an honest export of
//! that RAW file?". Pure functions of bytes: no files, no clock, no network; the same input gives
//! the same bytes out.
//!
//! The way of a pair: [`raw`] and [`rendition`] read, [`develop`] makes a linear picture of the
//! mosaic, [`register`] finds where the rendition lies on it, `tone` explains its tones, the
//! `verificator`s weigh what is left, and `verdict` combines them.
//!
//! # Coordinates
//! Everywhere the *centre* of the first pixel is (0, 0), x to the right, y down. The **RAW frame**
//! is the visible area of the sensor in sensor orientation, in full-resolution pixels, whatever
//! the scale of the planes in memory. The **rendition** is upright (EXIF orientation applied).

pub mod calibration;
pub mod comparison;
pub mod develop;
pub mod error;
pub mod evidence;
pub mod exhibits;
pub mod format;
pub mod geometry;
pub mod limits;
pub mod metadata;
pub mod raster;
pub mod raw;
pub mod register;
pub mod rendition;
pub mod report;
pub mod response;
pub mod synthetic;
pub mod tiff;
pub mod tone;
pub mod transform;
pub mod verdict;
pub mod verificator;
pub mod verify;

pub use error::Error;
pub use limits::Limits;
