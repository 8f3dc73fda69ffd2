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

#[cfg(test)]
mod tests {
    use super::*;

    /// Colours of middling saturation: eight bits of a wide space hold the saturated ones too
    /// coarsely (Adobe RGB's to 5 code values of sRGB, ProPhoto's to 15).
    fn colours() -> Vec<u8> {
        let steps = [90, 130, 170, 210];
        steps
            .iter()
            .flat_map(|&r| steps.iter().map(move |&g| (r, g)))
            .flat_map(|(r, g)| steps.iter().flat_map(move |&b| [r, g, b]))
            .collect()
    }

    fn in_space(profile: &ColorProfile, layout: Layout, channels: usize) -> Vec<u8> {
        let colours = colours();
        let mut out = vec![0; colours.len() / 3 * channels];
        ColorProfile::new_srgb()
            .create_transform_8bit(Layout::Rgb, profile, layout, TransformOptions::default())
            .unwrap()
            .transform(&colours, &mut out)
            .unwrap();
        out
    }

    fn largest_difference(a: &[u8], b: &[u8]) -> u8 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
    }

    #[test]
    fn wide_spaces_come_back() {
        // Exact arithmetic, rounded to eight bits there and back, errs by 1, 1, 2 and 1.
        for (profile, tolerance) in [
            (ColorProfile::new_adobe_rgb(), 2),
            (ColorProfile::new_display_p3(), 2),
            (ColorProfile::new_pro_photo_rgb(), 3),
            (ColorProfile::new_bt2020(), 2),
        ] {
            let stored = in_space(&profile, Layout::Rgb, 3);
            assert!(
                largest_difference(&stored, &colours()) > 10,
                "another space"
            );
            let icc = profile.encode().unwrap();
            let (seen, told) = to_srgb(stored, Channels::Rgb, Some(&icc));
            assert!(matches!(told, Profile::Converted(_)), "{told:?}");
            let worst = largest_difference(&seen, &colours());
            assert!(worst <= tolerance, "{told:?}: {worst}");
        }
    }

    #[test]
    fn srgb_is_left_as_it_is() {
        let icc = ColorProfile::new_srgb().encode().unwrap();
        let (seen, told) = to_srgb(colours(), Channels::Rgb, Some(&icc));
        assert!(matches!(told, Profile::Srgb(_)), "{told:?}");
        assert_eq!(seen, colours());
    }

    #[test]
    fn grey_with_another_gamma_is_converted() {
        let icc = ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
        let (seen, told) = to_srgb(vec![0, 55, 255], Channels::Grey, Some(&icc));
        assert!(matches!(told, Profile::Converted(_)), "{told:?}");
        // 55 / 255 of linear light is 128 in sRGB (IEC 61966-2-1).
        assert!(largest_difference(&seen, &[0, 0, 0, 128, 128, 128, 255, 255, 255]) <= 1);
    }

    #[test]
    fn a_profile_for_other_channels_or_of_nonsense_is_not_used() {
        let grey = ColorProfile::new_gray_with_gamma(2.2).encode().unwrap();
        for icc in [&grey[..], &grey[..50], b"nonsense", b""] {
            let (seen, told) = to_srgb(colours(), Channels::Rgb, Some(icc));
            assert!(matches!(told, Profile::Unusable(_)), "{told:?}");
            assert_eq!(seen, colours());
        }
    }

    #[test]
    fn ink_without_a_profile() {
        let ink = vec![0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255, 0, 255, 0, 128];
        let (seen, _) = to_srgb(ink, Channels::Cmyk, None);
        assert_eq!(seen, [255, 255, 255, 0, 255, 255, 0, 0, 0, 127, 0, 127]);
    }
}
