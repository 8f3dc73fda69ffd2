//! `colophon photo info FILE`

use std::path::Path;

use colophon_photo::{Error, Limits, raw, rendition};
use serde_json::{Map, Value, json};

use super::read;
use crate::terminal::{Answer, Print, one_line};

/// Tells what a RAW file or a picture is and says; its content decides which, not its name.
pub fn run(file: &Path, print: Print) -> anyhow::Result<Answer> {
    let bytes = read(file)?;
    let (kind, format, said) = match raw::describe(&bytes, &Limits::default()) {
        Ok((_, container)) => ("raw", container.format, container.metadata),
        Err(Error::PictureAsRaw(format)) => {
            let picture = rendition::read(&bytes)?;
            ("picture", format.to_owned(), picture.metadata)
        }
        Err(error) => return Err(error.into()),
    };
    let mut about = said.to_json();
    about.insert("kind".into(), json!(kind));
    about.insert("format".into(), json!(format));
    print.line(&about, || describe(file, &about))?;
    Ok(Answer::Yes)
}

/// One statement a line.
fn describe(file: &Path, about: &Map<String, Value>) -> String {
    let text = |name: &str| about.get(name).map(words).unwrap_or_default();
    let mut lines = vec![format!(
        "{}: {} {}, {} × {} pixels",
        one_line(file.display()),
        one_line(text("format")),
        if text("kind") == "raw" {
            "RAW file"
        } else {
            "picture"
        },
        text("width"),
        text("height")
    )];
    let shown = ["kind", "format", "width", "height"];
    for (name, value) in about
        .iter()
        .filter(|(name, _)| !shown.contains(&name.as_str()))
    {
        let name = name.replace('_', " ");
        lines.push(format!("  {name:<18} {}", one_line(words(value))));
    }
    lines.join("\n")
}

fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join("; "),
        Value::Object(map) => {
            let pairs = map
                .iter()
                .map(|(name, value)| format!("{name} {}", words(value)));
            pairs.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
