//! Where blobs are kept, as the configuration says it.

use std::path::PathBuf;
use std::time::Duration;

use object_store::RetryConfig;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use url::Url;
use zeroize::Zeroizing;

use crate::{Error, Result};

/// How to reach an S3-compatible store. What is `None` comes from the `AWS_*` environment
/// variables, and credentials that are nowhere from the machine's role.
#[derive(Clone, Default)]
pub struct S3Options {
    /// Base URL of the service, such as `https://s3.example.org`; Amazon's when absent.
    pub endpoint: Option<String>,
    /// Region, such as `eu-central-1`.
    pub region: Option<String>,
    /// Access key id.
    pub access_key_id: Option<String>,
    /// Secret access key.
    pub secret_access_key: Option<Zeroizing<String>>,
    /// Allows `http://` endpoints, for development and tests.
    pub allow_http: bool,
}

impl std::fmt::Debug for S3Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Options")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("access_key_id", &self.access_key_id)
            .field("allow_http", &self.allow_http)
            .finish_non_exhaustive()
    }
}

/// What a blob URL says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Location {
    Folder(PathBuf),
    S3 { bucket: String, prefix: String },
}

impl Location {
    /// Reads `s3://bucket/prefix`, `file:///folder` or a folder's plain path.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let wrong = |problem: &str| Error::invalid("blob_url", problem);
        if !text.contains("://") {
            return match text {
                "" => Err(wrong("is empty")),
                path => Ok(Self::Folder(path.into())),
            };
        }
        let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        match url.scheme() {
            "file" => {
                let path = url
                    .to_file_path()
                    .map_err(|()| wrong("file: URLs name no host"))?;
                Ok(Self::Folder(path))
            }
            "s3" => Ok(Self::S3 {
                bucket: url
                    .host_str()
                    .ok_or_else(|| wrong("names no bucket"))?
                    .to_owned(),
                prefix: url.path().trim_matches('/').to_owned(),
            }),
            _ => Err(wrong(
                "must be a folder, file:///folder or s3://bucket/prefix",
            )),
        }
    }
}

/// A client of one bucket, path-style.
pub(super) fn s3(bucket: &str, options: &S3Options) -> Result<AmazonS3> {
    // A process has one TLS provider; whoever installs it first wins, and all of ours are ring.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Not every S3-compatible store has bulk deletion, and we delete one by one.
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_disable_bulk_delete(true)
        .with_retry(RetryConfig {
            max_retries: 3,
            retry_timeout: Duration::from_secs(30),
            ..RetryConfig::default()
        });
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = &options.region {
        builder = builder.with_region(region);
    }
    if let Some(id) = &options.access_key_id {
        builder = builder.with_access_key_id(id);
    }
    if let Some(secret) = &options.secret_access_key {
        builder = builder.with_secret_access_key(secret.as_str());
    }
    if options.allow_http {
        builder = builder.with_allow_http(true);
    }
    builder
        .build()
        .map_err(|error| Error::invalid("blob_url", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_buckets_are_told_apart() {
        let folder = |path: &str| Location::Folder(path.into());
        let s3 = |prefix: &str| Location::S3 {
            bucket: "b".into(),
            prefix: prefix.into(),
        };
        for (text, expected) in [
            ("colophon-data/blobs", folder("colophon-data/blobs")),
            (
                "file:///var/lib/with%20space",
                folder("/var/lib/with space"),
            ),
            ("s3://b", s3("")),
            ("s3://b/colophon/files/", s3("colophon/files")),
        ] {
            assert_eq!(Location::parse(text).unwrap(), expected, "{text}");
        }
        for text in ["", "gs://bucket", "file://host/folder", "s3:///prefix"] {
            let error = Location::parse(text).unwrap_err();
            assert_eq!(error.fields.first().unwrap().field, "blob_url", "{text}");
        }
    }
}
