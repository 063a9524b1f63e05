//! The bell between instances.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use parkpro_domain::{
    lot::{LotId, Version},
    ports::Bell,
};
use parkpro_redis::{Limits, RedisBell, RedisSettings};
use parkpro_testkit::servers::Redis;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::spawn_blocking,
    time::{sleep, timeout},
};

use crate::setup::{eventually, main_lot, no_task_is_left, patient, settings};

/// A bell that writes down what it heard.
struct Ear(UnboundedSender<(String, i64)>);

impl Bell for Ear {
    fn ring(&self, lot: &LotId, version: Version) {
        // Whoever no longer listens is at the end of its test.
        let _gone = self.0.send((lot.to_string(), version.0));
    }
}

/// One instance: its bell, and what it hears.
struct Instance {
    bell: RedisBell,
    heard: UnboundedReceiver<(String, i64)>,
}

impl Instance {
    fn at(settings: &RedisSettings, limits: Limits) -> Self {
        let (ear, heard) = unbounded_channel();
        Self { bell: RedisBell::open_within(settings, limits, Arc::new(Ear(ear))).unwrap(), heard }
    }

    /// Waits until this version of the lot is heard.
    async fn hears(&mut self, version: i64) {
        let heard = timeout(Duration::from_secs(10), async {
            while self.heard.recv().await != Some(("main".into(), version)) {}
        });
        heard.await.unwrap_or_else(|_| panic!("version {version} was not heard"));
    }
}

/// Waits until so many instances listen.
async fn listening(server: &Redis, settings: &RedisSettings, instances: u32) {
    let heard = format!(":{instances}");
    let asked = format!("PUBLISH {}:bell nobody", settings.key_prefix);
    eventually("they listen", async || (server.command(&asked) == heard).then_some(())).await;
}

#[tokio::test]
async fn a_ring_reaches_every_instance() {
    let server = parkpro_testkit::servers::redis();
    let settings = settings(server);
    let (mut one, mut two) = (Instance::at(&settings, patient()), Instance::at(&settings, patient()));
    listening(server, &settings, 2).await;
    one.bell.ring(&main_lot(), Version(7));
    two.hears(7).await;
    one.hears(7).await;
    two.bell.ring(&main_lot(), Version(8));
    one.hears(8).await;
    for version in 9..=2_000 {
        one.bell.ring(&main_lot(), Version(version));
    }
    two.hears(2_000).await;
}

#[tokio::test]
async fn another_prefix_is_another_bell_and_nonsense_is_ignored() {
    let server = parkpro_testkit::servers::redis();
    let (ours, theirs) = (settings(server), settings(server));
    let (mut one, two) = (Instance::at(&ours, patient()), Instance::at(&theirs, patient()));
    listening(server, &ours, 1).await;
    listening(server, &theirs, 1).await;
    two.bell.ring(&main_lot(), Version(5));
    for nonsense in ["x", "main", "\"Main 1\"", "\"main one\"", "\"main \\xff\"", "\"main 1 2\""] {
        assert_eq!(server.command(&format!("PUBLISH {}:bell {nonsense}", ours.key_prefix)), ":1");
    }
    one.bell.ring(&main_lot(), Version(6));
    let first = timeout(Duration::from_secs(10), one.heard.recv()).await.unwrap();
    assert_eq!(first, Some(("main".into(), 6)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bell_is_heard_again_after_a_restart() {
    let server = Redis::start();
    let settings = settings(&server);
    let (mut one, mut two) =
        (Instance::at(&settings, Limits::default()), Instance::at(&settings, Limits::default()));
    listening(&server, &settings, 2).await;
    server.kill();
    let begun = Instant::now();
    for version in 0..1_000 {
        one.bell.ring(&main_lot(), Version(version));
    }
    assert!(begun.elapsed() < Duration::from_millis(200), "ringing waited for Redis");
    sleep(Duration::from_millis(500)).await;
    server.start_again();
    let begun = Instant::now();
    listening(&server, &settings, 2).await;
    println!("both listen again after {:?}", begun.elapsed());
    let ringing = async {
        for version in 2_000.. {
            one.bell.ring(&main_lot(), Version(version));
            sleep(Duration::from_millis(50)).await;
        }
    };
    let (heard, own) = (two.heard.recv(), one.heard.recv());
    tokio::select! {
        () = ringing => {}
        both = async { (heard.await, own.await) } => assert!(both.0.is_some() && both.1.is_some()),
        () = sleep(Duration::from_secs(10)) => panic!("not heard"),
    }
}

/// Takes a subscription and then says nothing more, as a machine does that was cut from the network; returns when it was
/// asked for a sign of life.
fn subscribed_and_silent(silent: &TcpListener) -> TcpStream {
    let (mut connection, _) = silent.accept().unwrap();
    let mut said = vec![0; 4_096];
    loop {
        let length = connection.read(&mut said).unwrap();
        let words = String::from_utf8_lossy(&said[..length]);
        if words.contains("PING") || length == 0 {
            return connection;
        }
        let greetings = words.matches("SETINFO").count();
        let mut answer = "+OK\r\n".repeat(greetings);
        if words.contains("SUBSCRIBE") {
            answer.push_str("*3\r\n$9\r\nsubscribe\r\n$12\r\nparkpro:bell\r\n:1\r\n");
        }
        connection.write_all(answer.as_bytes()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_without_a_sign_of_life_is_made_anew() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let limits = Limits { heartbeat: Duration::from_millis(200), ..patient() };
    let settings = RedisSettings { url, key_prefix: "parkpro".into() };
    let _instance = Instance::at(&settings, limits);
    let three = spawn_blocking(move || {
        // All stay open: it is not the end of a connection that is noticed.
        let _kept: Vec<TcpStream> = (0..3).map(|_| subscribed_and_silent(&silent)).collect();
    });
    timeout(Duration::from_secs(10), three).await.expect("it waits for ever").unwrap();
}

#[tokio::test]
async fn a_closed_or_dropped_bell_leaves_nothing_behind() {
    let server = parkpro_testkit::servers::redis();
    let settings = settings(server);
    for close in [true, false] {
        let mut instance = Instance::at(&settings, patient());
        listening(server, &settings, 1).await;
        instance.bell.ring(&main_lot(), Version(1));
        instance.hears(1).await;
        if close {
            instance.bell.close().await;
            instance.bell.ring(&main_lot(), Version(2));
        } else {
            drop(instance);
        }
        listening(server, &settings, 0).await;
        no_task_is_left().await;
    }
}
