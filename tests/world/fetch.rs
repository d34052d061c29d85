//! Fetching from a server on this machine that behaves well and badly.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use tinyml::base::Diag;
use tinyml::world::{Patience, World};

const IMPATIENT: Patience = Patience { stall: Duration::from_secs(1), after: Duration::from_secs(1), slowest: 1000 };

/// A server that answers every connection with `answer`; its address.
fn serve(answer: impl Fn(&mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/data.csv", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _read = stream.read(&mut request);
            answer(&mut stream);
        }
    });
    address
}

fn respond(head: &'static str, body: &'static [u8]) -> String {
    serve(move |stream| {
        let _sent = stream.write_all(format!("HTTP/1.1 {head}\r\n\r\n").as_bytes());
        let _sent = stream.write_all(body);
    })
}

/// Without this machine's proxies.
fn world() -> World {
    World::with_environment([])
}

fn fetch(address: &str, limit: u64) -> Result<Vec<u8>, Diag> {
    world().fetch_patiently(address, limit, IMPATIENT, &mut |_, _| {})
}

#[test]
fn the_bytes_arrive_and_progress_is_told() {
    let address = respond("200 OK\r\nContent-Length: 5", b"a,b,c");
    let mut last = (0, None);
    let bytes = world().fetch(&address, 5, &mut |done, total| last = (done, total)).unwrap();
    assert_eq!(bytes, b"a,b,c");
    assert_eq!(last, (5, Some(5)));
}

#[test]
fn a_redirect_is_followed_and_a_circle_is_not() {
    let goal = respond("200 OK\r\nContent-Length: 2", b"ok");
    let to_goal = serve(move |stream| {
        let answer = format!("HTTP/1.1 302 Found\r\nLocation: {goal}\r\nContent-Length: 0\r\n\r\n");
        let _sent = stream.write_all(answer.as_bytes());
    });
    assert_eq!(fetch(&to_goal, 10).unwrap(), b"ok");
    let circle = respond("302 Found\r\nLocation: /data.csv\r\nContent-Length: 0\r\nConnection: close", b"");
    let diag = fetch(&circle, 10).unwrap_err();
    assert!(diag.title.contains("redirect"), "{diag}");
}

#[test]
fn a_missing_page_is_told() {
    let diag = fetch(&respond("404 Not Found\r\nContent-Length: 0", b""), 10).unwrap_err();
    assert_eq!(diag.code, "tml::fetch");
    assert!(diag.title.contains("404 Not Found"), "{diag}");
}

#[test]
fn too_much_is_refused_told_or_not() {
    let told = respond("200 OK\r\nContent-Length: 6", b"123456");
    let untold = respond("200 OK\r\nConnection: close", b"123456");
    for address in [told, untold] {
        assert!(fetch(&address, 5).unwrap_err().title.contains("larger than 5 bytes"));
        assert_eq!(fetch(&address, 6).unwrap(), b"123456");
    }
}

#[test]
fn a_truncated_answer_is_an_error() {
    let diag = fetch(&respond("200 OK\r\nContent-Length: 1000", b"half"), 2000).unwrap_err();
    assert!(diag.title.contains("after 4 bytes the connection broke"), "{diag}");
}

#[test]
fn a_silent_server_and_a_dripping_one_are_given_up() {
    let silent = serve(|stream| {
        let _sent = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
        thread::sleep(Duration::from_secs(30));
    });
    let dripping = serve(|stream| {
        let _sent = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n");
        for _ in 0..300 {
            let _sent = stream.write_all(b"x");
            thread::sleep(Duration::from_millis(100));
        }
    });
    for address in [silent, dripping] {
        let started = Instant::now();
        assert_eq!(fetch(&address, 2000).unwrap_err().code, "tml::fetch");
        assert!(started.elapsed() < Duration::from_secs(8));
    }
}

#[test]
fn nobody_listening_is_told_without_the_password() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://user:secret@{}/x", listener.local_addr().unwrap());
    drop(listener);
    let diag = fetch(&address, 10).unwrap_err();
    assert!(diag.title.contains("refused"), "{diag}");
    assert!(!format!("{diag:?}").contains("secret"), "{diag:?}");
}

#[test]
fn a_proxy_is_used_but_not_for_its_exceptions() {
    let proxy = respond("200 OK\r\nContent-Length: 5", b"proxy").replace("/data.csv", "");
    let server = respond("200 OK\r\nContent-Length: 6", b"direct");
    let through = |no_proxy: &str| {
        let variables = [("http_proxy", proxy.as_str()), ("NO_PROXY", no_proxy)];
        let world = World::with_environment(variables.map(|(name, value)| (name.into(), value.into())));
        world.fetch(&server, 9, &mut |_, _| {}).unwrap()
    };
    assert_eq!(through(""), b"proxy");
    assert_eq!(through("example.org"), b"proxy");
    assert_eq!(through("127.0.0.1"), b"direct");
}

#[test]
fn a_real_server_is_believed_by_its_certificate() {
    if !crate::network_allowed() {
        eprintln!("skipped: https needs TINYML_TEST_NETWORK=1");
        return;
    }
    let page = World::new().fetch("https://pypi.org/simple/ziglang/", 8 << 20, &mut |_, _| {}).unwrap();
    assert!(String::from_utf8_lossy(&page).contains("ziglang-0.17.1"));
}

#[test]
fn files_need_no_network() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a b.csv");
    std::fs::write(&path, "1,2").unwrap();
    let offline = world().without_network(true);
    let mut quiet = |_, _| {};
    let plain = path.to_str().unwrap();
    let url = format!("file://{}", plain.replace(' ', "%20"));
    assert_eq!(offline.fetch(plain, 9, &mut quiet).unwrap(), b"1,2");
    assert_eq!(offline.fetch(&url, 9, &mut quiet).unwrap(), b"1,2");
    assert!(offline.fetch(plain, 2, &mut quiet).unwrap_err().title.contains("larger than 2"));
    assert_eq!(offline.fetch("no/such.csv", 9, &mut quiet).unwrap_err().code, "tml::disk");
}

#[test]
fn offline_and_strange_schemes_are_refused() {
    let diag = world().without_network(true).fetch("https://example.org/x", 9, &mut |_, _| {}).unwrap_err();
    assert_eq!(diag.title, "can't fetch `https://example.org/x`: `--offline` forbids the network");
    assert!(fetch("ftp://example.org/x", 9).unwrap_err().title.contains("`ftp` isn't a scheme"));
}
