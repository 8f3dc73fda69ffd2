//! From a picture's own colour space to sRGB, by its ICC profile.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};
use rayon::prelude::*;

use crate::tiff::clean_text;

/// Pixels that one task converts.
const CHUNK: usize = 1 << 16;

/// A picture's colour profile and what was done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Profile {
    /// There is none: the pixels are taken for sRGB.
    None,
    /// It is sRGB, or differs from it by no more than one code value: nothing was done.
    Srgb(String),
    /// It was converted to sRGB.
    Converted(String),
    /// It could not be used, and the pixels are taken for sRGB.
    Unusable(String),
}

impl Profile {
    /// The profile's own name, or why it was not used.
    pub fn name(&self) -> &str {
        match self {
            Self::None => "",
            Self::Srgb(name) | Self::Converted(name) | Self::Unusable(name) => name,
        }
    }
}

/// The channels of samples that have yet to be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channels {
    Grey,
    Rgb,
    /// Amounts of ink, 255 full.
    Cmyk,
}

impl Channels {
    fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }

    fn layout(self) -> Layout {
        match self {
            Self::Grey => Layout::Gray,
            Self::Rgb => Layout::Rgb,
            Self::Cmyk => Layout::Rgba,
        }
    }

    fn space(self) -> DataColorSpace {
        match self {
            Self::Grey => DataColorSpace::Gray,
            Self::Rgb => DataColorSpace::Rgb,
            Self::Cmyk => DataColorSpace::Cmyk,
        }
    }
}

/// Interleaved samples as sRGB. A profile that cannot be read, or is for other channels, is not
/// used.
pub(super) fn to_srgb(
    samples: Vec<u8>,
    channels: Channels,
    profile: Option<&[u8]>,
) -> (Vec<u8>, Profile) {
    let Some(icc) = profile else {
        return (plain(samples, channels), Profile::None);
    };
    let (name, transform) = match transform(icc, channels) {
        Ok(found) => found,
        Err(reason) => return (plain(samples, channels), Profile::Unusable(reason)),
    };
    if channels != Channels::Cmyk && is_identity(transform.as_ref(), channels) {
        return (plain(samples, channels), Profile::Srgb(name));
    }
    let count = channels.count();
    let mut out = vec![0; samples.len() / count * 3];
    let done = out
        .par_chunks_mut(CHUNK * 3)
        .zip(samples.par_chunks(CHUNK * count))
        .try_for_each(|(to, from)| transform.transform(from, to));
    match done {
        Ok(()) => (out, Profile::Converted(name)),
        Err(e) => (plain(samples, channels), Profile::Unusable(e.to_string())),
    }
}

type Executor = dyn TransformExecutor<u8> + Send + Sync;

/// The profile's name and its way to sRGB.
fn transform(icc: &[u8], channels: Channels) -> Result<(String, std::sync::Arc<Executor>), String> {
    let unusable = |e: moxcms::CmsError| format!("its colour profile cannot be used: {e}");
    let profile = ColorProfile::new_from_slice(icc).map_err(unusable)?;
    if profile.color_space != channels.space() {
        return Err(format!(
            "its colour profile is for {:?}, its pixels are {channels:?}",
            profile.color_space
        ));
    }
    let transform = profile
        .create_transform_8bit(
            channels.layout(),
            &ColorProfile::new_srgb(),
            Layout::Rgb,
            TransformOptions::default(),
        )
        .map_err(unusable)?;
    Ok((name(&profile), transform))
}

fn name(profile: &ColorProfile) -> String {
    use moxcms::ProfileText::{Description, Localizable, PlainString};
    let text = match &profile.description {
        Some(PlainString(text)) => text.clone(),
        Some(Localizable(texts)) => texts.first().map(|t| t.value.clone()).unwrap_or_default(),
        Some(Description(text)) => text.ascii_string.clone(),
        None => String::new(),
    };
    clean_text(text.as_bytes()).unwrap_or_else(|| "unnamed".into())
}

/// Whether a transform changes no colour by more than one code value: what the many spellings of
/// the sRGB profile (tables, parameters, rounded colorants) come to.
fn is_identity(transform: &Executor, channels: Channels) -> bool {
    const STEPS: [u8; 10] = [0, 5, 16, 38, 64, 101, 143, 188, 226, 255];
    let inputs: Vec<u8> = match channels {
        Channels::Grey => (0..=255).collect(),
        _ => STEPS
            .iter()
            .flat_map(|&r| STEPS.iter().map(move |&g| (r, g)))
            .flat_map(|(r, g)| STEPS.iter().flat_map(move |&b| [r, g, b]))
            .collect(),
    };
    let expected = plain(inputs.clone(), channels);
    let mut got = vec![0; expected.len()];
    transform.transform(&inputs, &mut got).is_ok()
        && expected.iter().zip(&got).all(|(a, b)| a.abs_diff(*b) <= 1)
}

/// Samples as sRGB without a profile.
fn plain(samples: Vec<u8>, channels: Channels) -> Vec<u8> {
    match channels {
        Channels::Rgb => samples,
        Channels::Grey => samples.iter().flat_map(|&v| [v; 3]).collect(),
        Channels::Cmyk => samples
            .chunks_exact(4)
            .flat_map(|ink| match *ink {
                [c, m, y, k] => [c, m, y].map(|v| {
                    let light = u32::from(255 - v) * u32::from(255 - k);
                    ((light + 127) / 255) as u8
                }),
                _ => [0; 3],
            })
            .collect(),
    }
}
