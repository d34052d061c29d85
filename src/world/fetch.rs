//! Bytes from an address: `https://`, `http://`, `file://` or a plain path; bounded in size, time and redirects.

use std::io::{self, Read};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, Response};
use reqwest::{NoProxy, Proxy, Url};

use super::disk::disk_error;
use super::world::World;
use super::zig::without_credentials;
use crate::base::Diag;

/// Longest time without a byte.
const STALL: Duration = Duration::from_secs(30);
/// After this time a fetch must have had at least `SLOWEST` bytes a second on average.
const PATIENCE: Duration = Duration::from_mins(1);
const SLOWEST: u64 = 1024;

/// How patient a fetch is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Longest time without a byte, and to connect.
    pub stall: Duration,
    /// After this time, the average must be at least `slowest` bytes a second.
    pub after: Duration,
    /// Bytes a second.
    pub slowest: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { stall: STALL, after: PATIENCE, slowest: SLOWEST }
    }
}

impl World {
    /// The bytes at `address`, at most `limit`. `progress` hears the bytes so far and, if the server says so, of all.
    pub fn fetch(
        &self,
        address: &str,
        limit: u64,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<Vec<u8>, Diag> {
        self.fetch_patiently(address, limit, Patience::default(), progress)
    }

    /// As `fetch`, with another patience.
    pub fn fetch_patiently(
        &self,
        address: &str,
        limit: u64,
        patience: Patience,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<Vec<u8>, Diag> {
        let path = match Url::parse(address) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                return self.fetch_url(url, limit, patience, progress);
            }
            Ok(url) if url.scheme() == "file" => url
                .to_file_path()
                .map_err(|()| failed(address, "a `file:` address needs an absolute path on this machine"))?,
            Ok(url) if address.contains("://") => {
                let why = format!("`{}` isn't a scheme that can be fetched", url.scheme());
                return Err(failed(address, &why).help("use `https://`, `http://`, `file://` or a path"));
            }
            // A Windows path such as `C:\data.csv` parses as an address, too.
            _ => PathBuf::from(address),
        };
        let size = self.files().stat(&path).map_err(|error| disk_error("read", &path, &error))?.size;
        if size > limit {
            return Err(too_large(address, limit));
        }
        progress(size, Some(size));
        self.files().read(&path).map_err(|error| disk_error("read", &path, &error))
    }

    fn fetch_url(
        &self,
        url: Url,
        limit: u64,
        patience: Patience,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<Vec<u8>, Diag> {
        let shown = without_credentials(url.as_str());
        if self.offline() {
            return Err(failed(&shown, "`--offline` forbids the network"));
        }
        let client = self.client(patience.stall).map_err(|error| failed(&shown, &causes(&error)))?;
        let response = client.get(url).send().map_err(|error| failed(&shown, &causes(&error)).help(CHECK))?;
        let status = response.status();
        if !status.is_success() {
            return Err(failed(&shown, &format!("the server says {status}")).help("open the address in a browser"));
        }
        self.receive(response, &shown, limit, patience, progress)
    }

    /// Proxies come from the environment; roots from the system, so that a company's own certificates work.
    fn client(&self, stall: Duration) -> reqwest::Result<Client> {
        // The second call of a process is told that there is a provider already: that is what we want.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut builder = Client::builder()
            .connect_timeout(stall)
            .timeout(stall)
            .redirect(reqwest::redirect::Policy::limited(8))
            .user_agent(concat!("cargo-tinyml/", env!("CARGO_PKG_VERSION")))
            .no_proxy();
        let either = |upper: &str| self.env().get(&upper.to_lowercase()).or_else(|| self.env().get(upper));
        let except = either("NO_PROXY").and_then(NoProxy::from_string);
        // The first one that fits is used. `HTTP_PROXY` in capitals is left out: a web server sets it from a request.
        let proxies = [
            self.env().get("http_proxy").map(Proxy::http),
            either("HTTPS_PROXY").map(Proxy::https),
            either("ALL_PROXY").map(Proxy::all),
        ];
        for proxy in proxies.into_iter().flatten() {
            builder = builder.proxy(proxy?.no_proxy(except.clone()));
        }
        builder.build()
    }

    fn receive(
        &self,
        mut response: Response,
        shown: &str,
        limit: u64,
        patience: Patience,
        progress: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<Vec<u8>, Diag> {
        let total = response.content_length();
        if total.is_some_and(|total| total > limit) {
            return Err(too_large(shown, limit));
        }
        let started = Instant::now();
        let mut bytes = Vec::new();
        let mut piece = vec![0; 1 << 16];
        loop {
            progress(bytes.len() as u64, total);
            let length = match response.read(&mut piece) {
                Ok(0) => return Ok(bytes),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
                Err(error) => {
                    let had = format!("after {} bytes the connection broke: {}", bytes.len(), causes(&error));
                    return Err(failed(shown, &had).help("run the same command again"));
                }
            };
            bytes.extend_from_slice(&piece[..length]);
            if bytes.len() as u64 > limit {
                return Err(too_large(shown, limit));
            }
            if self.interrupted() {
                return Err(Diag::error("tml::interrupted", format!("interrupted while fetching `{shown}`")));
            }
            let taken = started.elapsed();
            if taken > patience.after && (bytes.len() as u64) < patience.slowest * taken.as_secs() {
                let slow = format!("it is too slow: {} bytes in {} s", bytes.len(), taken.as_secs());
                return Err(failed(shown, &slow).help("run the same command again later"));
            }
        }
    }
}

const CHECK: &str = "check the address, the network and the proxy (`HTTPS_PROXY`, `NO_PROXY`)";

fn failed(shown: &str, why: &str) -> Diag {
    Diag::error("tml::fetch", format!("can't fetch `{shown}`: {why}"))
}

fn too_large(shown: &str, limit: u64) -> Diag {
    failed(shown, &format!("it is larger than {limit} bytes"))
}

/// An error and its causes in one line; the innermost ones say what happened.
fn causes(error: &dyn std::error::Error) -> String {
    let mut texts = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = without_credentials(&error.to_string());
        // A wrapper often repeats what it wraps.
        if !texts.last().is_some_and(|last: &String| last.contains(&text)) {
            texts.push(text);
        }
        next = error.source();
    }
    texts.join(": ")
}
